import API

/// The whole thread, played on the samples and compared with what must come out.
final class Demo {
  let shell: DemoShell
  private let samples: String
  private let console: Console
  var findings = DemoFindings()
  var boards: [(useCase: DemoUseCase, id: String, task: String, board: Answer)] = []
  private(set) var quoteEUR = ""

  init(shell: DemoShell, samples: String, console: Console) {
    self.shell = shell
    self.samples = samples
    self.console = console
  }

  /// Tenants, users and keys, then every folder of samples.
  func play() async throws {
    say("tenants, users and keys")
    for person in DemoPlan.people { try await enrol(person) }
    for useCase in DemoPlan.useCases { try await play(useCase) }
  }

  /// The organiser's bill over everything, compared to the cent.
  func bill() async throws -> (answer: Answer, eur: String) {
    let answer = try await shell.run(["billing", "report"], as: DemoPlan.organiser.tenant)
    let report: ComputeGetBillingReportResponse = try message(answer)
    findings.check(
      report.eurTotal == DemoPlan.billEUR,
      "the bill is \(report.eurTotal), expected \(DemoPlan.billEUR)")
    for line in report.lines {
      let vendor = DemoPlan.vendors.first { $0.person.tenant == line.participantTenant }
      findings.check(
        vendor?.eur == line.eur && vendor?.pflop == line.pflop,
        "bill of \(line.participantName) in \(line.useCaseTitle): \(line.pflop) PFLOP, "
          + "€\(line.eur), expected \(vendor?.pflop ?? "none"), €\(vendor?.eur ?? "none")")
    }
    return (answer, report.eurTotal)
  }

  /// Activity and compute of every use case, as the organiser sees them.
  func monitor() async throws -> [Answer] {
    var answers: [Answer] = []
    for played in boards {
      answers.append(try await shell.run(["activity", played.id], as: DemoPlan.organiser.tenant))
      answers.append(try await shell.run(["budget", played.id], as: DemoPlan.organiser.tenant))
    }
    return answers
  }

  private func enrol(_ person: DemoPerson) async throws {
    _ = try await shell.run(
      ["tenant", "create", person.tenant, "--display-name", person.tenantTitle], as: "operator")
    _ = try await shell.run(
      ["user", "create", person.email, "--tenant", person.tenant, "--role", person.roles],
      as: "operator")
    _ = try await shell.run(
      [
        "key", "create", "--tenant", person.tenant, "--email", person.email, "--note", "demo",
        "--out", shell.keyFile(person.tenant),
      ], as: "operator")
  }

  private func play(_ useCase: DemoUseCase) async throws {
    let expected = try DemoExpectation(folder: folder(useCase))
    let vendors = DemoPlan.vendors.filter { expected.participants[$0.person.tenant] != nil }
    say("\(useCase.folder): ingest, create, quote, publish")
    let id = try await publish(useCase, task: expected.task, vendors: vendors)
    for vendor in vendors {
      say("\(useCase.folder): \(vendor.person.tenant) joins, trains, submits")
      try await takePart(vendor, in: useCase, id, expected)
    }
    try await checkBoard(useCase, id, expected, vendors)
    try await checkBudget(useCase, id, vendors)
    try await checkStranger(useCase, id)
  }

  // MARK: The organiser

  private func publish(
    _ useCase: DemoUseCase, task: String, vendors: [DemoVendor]
  ) async throws -> String {
    let organiser = DemoPlan.organiser.tenant
    let train = try await ingest(useCase, "train", file: "train.csv", task: task)
    let test = try await ingest(useCase, "test", file: "truth.csv", task: task)
    var words = [
      "use-case", "create", "--title", useCase.title, "--task", task, "--privacy", "private",
      "--cover", samples + "/assets/cover.png", "--train", train, "--test", test, "--metric",
      useCase.metric, "--notebook", samples + "/assets/eda.ipynb", "--description",
      useCase.description, "--participants", DemoPlan.participants, "--pflop", DemoPlan.pflopEach,
      "--end", DemoPlan.end, "--per-day", "5",
    ]
    for parameter in useCase.parameters { words += ["--param", parameter] }
    for vendor in vendors { words += ["--invite", vendor.person.email] }
    let draft: CatalogUseCase = try message(try await shell.run(words, as: organiser))
    findings.check(
      draft.state == .draft && Int(draft.inviteCount) == vendors.count && draft.cover != nil
        && draft.notebook != nil,
      "\(useCase.folder): the draft is not complete")
    let quote: CatalogQuoteUseCaseResponse = try message(
      try await shell.run(["use-case", "quote", draft.id], as: organiser))
    quoteEUR = quote.eurTotal
    findings.check(
      quote.eurTotal == DemoPlan.quoteEUR,
      "\(useCase.folder): quoted at \(quote.eurTotal), expected \(DemoPlan.quoteEUR)")
    let published: CatalogUseCase = try message(
      try await shell.run(["use-case", "publish", draft.id], as: organiser))
    findings.check(published.state == .published, "\(useCase.folder): it is not published")
    return draft.id
  }

  private func ingest(
    _ useCase: DemoUseCase, _ purpose: String, file: String, task: String
  ) async throws -> String {
    var words = [
      "dataset", "ingest", "\(folder(useCase))/\(file)", "--task", task, "--purpose", purpose,
      "--name", "\(useCase.folder) \(purpose)",
    ]
    if !useCase.classes.isEmpty { words += ["--classes", useCase.classes] }
    let metadataset: CatalogMetadataset = try message(
      try await shell.run(words, as: DemoPlan.organiser.tenant))
    return metadataset.id
  }

  // MARK: A vendor

  private func takePart(
    _ vendor: DemoVendor, in useCase: DemoUseCase, _ useCaseID: String, _ expected: DemoExpectation
  ) async throws {
    let tenant = vendor.person.tenant
    _ = try await shell.run(["invite", "accept", "--use-case", useCase.title], as: tenant)
    let started: ComputeRunBalance = try message(
      try await shell.run(["run", "start", "--use-case", useCaseID], as: tenant))
    let id = started.run?.id ?? ""
    _ = try await shell.run(["run", "report", id, "--pflop", vendor.pflopHalfway], as: tenant)
    let finished: ComputeRunBalance = try message(
      try await shell.run(["run", "finish", id, "--pflop", vendor.pflop], as: tenant))
    // Unwrapped once: Swift 6.3.1 with -O crashes on chains of `finished.run?.…` joined by &&.
    let run = finished.run ?? ComputeRun()
    findings.check(
      run.state == .finished && run.heldGflop == 0 && run.usedGflop == PFLOP.gflop(vendor.pflop),
      "\(useCase.folder): the run of \(tenant) is not settled at \(vendor.pflop) PFLOP")
    let predictions = "\(folder(useCase))/\(tenant).csv"
    let scored: EvaluationSubmission = try message(
      try await shell.run(["submit", predictions, "--use-case", useCaseID, "--wait"], as: tenant))
    try compare(scored, predictions, useCase, tenant, expected)
  }

  // MARK: What must have come out

  private func checkBudget(
    _ useCase: DemoUseCase, _ id: String, _ vendors: [DemoVendor]
  ) async throws {
    let budget: ComputeGetBudgetResponse = try message(
      try await shell.run(["budget", id], as: DemoPlan.organiser.tenant))
    let used = vendors.compactMap { PFLOP.gflop($0.pflop) }.reduce(0, +)
    findings.check(
      budget.budgetGflop == 2000 * PFLOP.gflopPerPFLOP && budget.usedGflop == used
        && budget.heldGflop == 0,
      "\(useCase.folder): \(PFLOP.text(gflop: budget.usedGflop)) PFLOP used, "
        + "expected \(PFLOP.text(gflop: used))")
  }

  /// A stranger sees none of it, and hears the same as for what is not there.
  private func checkStranger(_ useCase: DemoUseCase, _ id: String) async throws {
    for words in [
      ["use-case", "show", id], ["leaderboard", id], ["activity", id], ["budget", id],
      ["submission", "list", id], ["run", "list", id], ["participant", "list", id],
    ] {
      let isNotFound = try await shell.isNotFound(words, as: DemoPlan.stranger.tenant)
      findings.check(
        isNotFound,
        "\(useCase.folder): a stranger gets an answer to \(words.joined(separator: " "))")
    }
  }

  func message<Value>(_ answer: Answer) throws -> Value {
    guard let value = answer.message as? Value else {
      throw CommandFailure("the command answered something else than \(Value.self)")
    }
    return value
  }

  func folder(_ useCase: DemoUseCase) -> String { "\(samples)/\(useCase.folder)" }

  private func say(_ text: String) { console.err("- \(text)\n") }
}
