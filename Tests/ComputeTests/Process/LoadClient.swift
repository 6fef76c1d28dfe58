import API
import RPC
import Testing

/// A client of a server that is killed under load: sends one command after the other, and knows
/// what was answered.
protocol LoadClient: Sendable {
  /// Sends the next command, or once more the one that was not answered.
  mutating func step(_ server: ServerCalls) async throws
  /// After a restart: what was answered is so, and the command that was under way was carried out
  /// or not.
  func check(_ server: ServerCalls) async throws
  /// How many commands were answered.
  var answered: Int { get }
  /// The idempotency keys of the entries of the commands that were answered since this was emptied.
  var newKeys: [String] { get set }
}

/// How the clients call a server that runs.
struct ServerCalls: Sendable {
  let runs: ComputeRunsClient
  let budgets: ComputeBudgetsClient
  let invoices: ComputeInvoicesClient
  let organiser: CallOptions
  let `operator`: CallOptions
  private let vendors: [CallOptions]

  init(_ server: ComputeServer, vendors: Int) throws {
    runs = try server.runs
    budgets = try server.budgets
    invoices = try server.invoices
    organiser = server.organiser
    `operator` = server.operator
    self.vendors = (1...vendors).map { server.vendor($0) }
  }

  func vendor(_ number: Int) -> CallOptions { vendors[number - 1] }
}

/// Has one run, and reports its use: the n-th report says n GFLOP.
struct ReportingClient: LoadClient {
  let number: Int
  private var run = ""
  private var answers: [ComputeRunBalance] = []
  var newKeys: [String] = []

  init(number: Int) { self.number = number }

  var answered: Int { answers.count }
  private var next: Int { answers.count + 1 }

  private func request(_ count: Int) -> ComputeReportUsageRequest {
    ComputeReportUsageRequest(
      runId: run, totalGflop: Int64(count), provenance: .measured, meter: "test",
      idempotencyKey: "key-\(count)")
  }

  mutating func step(_ server: ServerCalls) async throws {
    let options = server.vendor(number)
    guard !run.isEmpty else {
      let start = ComputeStartRunRequest(useCaseId: "uc_1", idempotencyKey: "start")
      run = try await server.runs.startRun(start, options: options).run?.id ?? ""
      return newKeys.append("vendor-\(number)/start")
    }
    answers.append(try await server.runs.reportUsage(request(next), options: options))
    newKeys.append("vendor-\(number)/key-\(answers.count)")
  }

  func check(_ server: ServerCalls) async throws {
    guard !run.isEmpty else { return }
    let options = server.vendor(number)
    let balance = try await server.runs.getRun(ComputeGetRunRequest(id: run), options: options)
    #expect(answers.count...next ~= Int(balance.run?.usedGflop ?? -1), "client \(number)")
    guard !answers.isEmpty else { return }
    // What was answered is answered again, to the byte, and changes nothing.
    for count in [answers.count, Int.random(in: 1...answers.count)] {
      let again = try await server.runs.reportUsage(request(count), options: options)
      #expect(again == answers[count - 1], "client \(number), report \(count)")
    }
    let after = try await server.runs.getRun(ComputeGetRunRequest(id: run), options: options)
    #expect(after == balance, "client \(number)")
  }
}

/// Has one run after the other: started, reported, paused, resumed and finished.
struct RunningClient: LoadClient {
  private enum Stage: Int, CaseIterable {
    case start, report, pause, resume, finish

    /// How the run is once this is done.
    var state: ComputeRunState {
      switch self {
      case .start, .report, .resume: .running
      case .pause: .paused
      case .finish: .finished
      }
    }

    var next: Stage { Stage(rawValue: rawValue + 1) ?? .start }
  }

  let number: Int
  private(set) var answered = 0
  var newKeys: [String] = []
  private var cycle = 1
  private var run = ""
  /// What was answered last, of the cycle's run.
  private var last = Stage.finish
  /// Of the run that was finished last: its request, and the answer.
  private var finished: (ComputeFinishRunRequest, ComputeRunBalance)?

  init(number: Int) { self.number = number }

  mutating func step(_ server: ServerCalls) async throws {
    let options = server.vendor(number)
    let stage = last.next
    let key = "\(stage)-\(cycle)"
    var isKeyed = true
    switch stage {
    case .start:
      let start = ComputeStartRunRequest(useCaseId: "uc_1", idempotencyKey: key)
      run = try await server.runs.startRun(start, options: options).run?.id ?? ""
    case .report:
      let report = ComputeReportUsageRequest(runId: run, totalGflop: 1, idempotencyKey: key)
      _ = try await server.runs.reportUsage(report, options: options)
    case .pause:
      isKeyed = false
      _ = try await server.runs.pauseRun(ComputePauseRunRequest(runId: run), options: options)
    case .resume:
      isKeyed = false
      _ = try await server.runs.resumeRun(ComputeResumeRunRequest(runId: run), options: options)
    case .finish:
      let finish = ComputeFinishRunRequest(runId: run, totalGflop: 2, idempotencyKey: key)
      finished = (finish, try await server.runs.finishRun(finish, options: options))
      cycle += 1
    }
    if isKeyed { newKeys.append("vendor-\(number)/\(key)") }
    answered += 1
    last = stage
  }

  func check(_ server: ServerCalls) async throws {
    guard !run.isEmpty else { return }
    let options = server.vendor(number)
    let balance = try await server.runs.getRun(ComputeGetRunRequest(id: run), options: options)
    // A next start concerns another run.
    let states = last == .finish ? [last.state] : [last.state, last.next.state]
    #expect(states.contains(balance.run?.state ?? .unspecified), "client \(number) at \(last)")
    guard let (request, answer) = finished else { return }
    #expect(try await server.runs.finishRun(request, options: options) == answer)
  }
}

/// Tops the budget up, each time by 1 GFLOP for a participant that has no run, and then passes it
/// on to another one.
struct DealingClient: LoadClient {
  let source: Int
  let destination: Int
  let share: Int64
  private(set) var answered = 0
  var newKeys: [String] = []

  init(from source: Int, to destination: Int, share: Int64) {
    (self.source, self.destination, self.share) = (source, destination, share)
  }

  private var count: Int { answered / 2 + 1 }
  private var isTopUp: Bool { answered.isMultiple(of: 2) }

  @discardableResult
  private func send(_ server: ServerCalls) async throws -> ComputeGetBudgetResponse {
    if isTopUp {
      return try await server.budgets.topUp(
        ComputeTopUpRequest(
          useCaseId: "uc_1", participantId: "par_\(source)", gflop: 1,
          idempotencyKey: "top-up-\(count)"), options: server.organiser)
    }
    return try await server.budgets.transferAllocation(
      ComputeTransferAllocationRequest(
        useCaseId: "uc_1", fromParticipantId: "par_\(source)",
        toParticipantId: "par_\(destination)", gflop: 1, idempotencyKey: "transfer-\(count)"),
      options: server.organiser)
  }

  mutating func step(_ server: ServerCalls) async throws {
    try await send(server)
    newKeys.append("clinic/\(isTopUp ? "top-up" : "transfer")-\(count)")
    answered += 1
  }

  func check(_ server: ServerCalls) async throws {
    let request = ComputeGetBudgetRequest(useCaseId: "uc_1")
    let budget = try await server.budgets.getBudget(request, options: server.organiser)
    var next = self
    next.answered += 1
    let fits = [self, next].contains { client in
      let toppedUp = Int64((client.answered + 1) / 2)
      let transferred = Int64(client.answered / 2)
      return budget.toppedUpGflop == toppedUp
        && budget.of(source) == share + toppedUp - transferred
        && budget.of(destination) == share + transferred
    }
    #expect(fits, "after \(answered): \(budget.toppedUpGflop) topped up")
  }
}

extension ComputeGetBudgetResponse {
  /// The share of a participant.
  fileprivate func of(_ participant: Int) -> Int64? {
    allocations.first { $0.participantId == "par_\(participant)" }?.allocationGflop
  }
}

/// Issues the invoices of a tenant's months, one after the other; then takes the last one back and
/// issues it anew, again and again.
struct BillingClient: LoadClient {
  private let months: [String]
  private(set) var answered = 0
  /// An invoice is no entry of the ledger, and has no key.
  var newKeys: [String] = []
  private var issued: [ComputeInvoice] = []
  private var credited: [(number: String, answer: ComputeCreditInvoiceResponse)] = []

  init(months: [String]) { self.months = months }

  private func issue(_ month: String, _ server: ServerCalls) async throws -> ComputeInvoice {
    try await server.invoices.issueInvoice(
      ComputeIssueInvoiceRequest(tenant: "clinic", month: month), options: server.operator)
  }

  private func credit(
    _ number: String, _ server: ServerCalls
  ) async throws -> ComputeCreditInvoiceResponse {
    try await server.invoices.creditInvoice(
      ComputeCreditInvoiceRequest(number: number, reason: "a test", reissue: true),
      options: server.operator)
  }

  mutating func step(_ server: ServerCalls) async throws {
    if issued.count < months.count {
      issued.append(try await issue(months[issued.count], server))
    } else {
      let number = credited.last?.answer.invoice?.number ?? issued.last?.number ?? ""
      credited.append((number, try await credit(number, server)))
    }
    answered += 1
  }

  func check(_ server: ServerCalls) async throws {
    if let last = issued.last {
      let stored = try await server.invoices.getInvoice(
        ComputeGetInvoiceRequest(number: last.number), options: server.operator)
      #expect(stored.digest == last.digest)
    }
    // Otherwise it may have been taken back, and issued anew, by what was cut off unanswered.
    if let last = issued.last, issued.count < months.count {
      #expect(try await issue(months[issued.count - 1], server).number == last.number)
    }
    if let (number, answer) = credited.last {
      let again = try await credit(number, server)
      #expect(again.creditNote?.number == answer.creditNote?.number)
      #expect(again.creditNote?.digest == answer.creditNote?.digest)
      #expect(again.invoice?.number == answer.invoice?.number)
      #expect(again.invoice?.digest == answer.invoice?.digest)
    }
  }
}
