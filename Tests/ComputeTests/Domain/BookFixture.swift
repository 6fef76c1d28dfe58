import ComputeDomain

/// A use case of tenant "clinic", and a clock that a test moves by hand.
struct BookFixture {
  static let useCase = "uc_1"
  /// 2026-11-01T00:00:00Z.
  static let opening: Int64 = 1_793_491_200_000

  var book = Book(newUseCase: BookFixture.useCase, tenant: "clinic")
  var entries: [EntryDraft] = []
  var alerts: [Alert] = []
  var now = BookFixture.opening
  private var keys = 0
  private var version: Int64 = 0

  init() {}

  /// A fixture with participants par_1, par_2 … and a budget for exactly them.
  init(participants: Int, each: GFLOP) throws {
    try setTerms(plan: BudgetPlan(participants: Int64(participants), each: each), participants)
  }

  mutating func setTerms(
    plan: BudgetPlan, _ participants: Int, phase: UseCaseTerms.Phase = .published,
    start: Int64? = nil, end: Int64? = nil
  ) throws {
    version += 1
    let members = (0..<participants).map { index in
      Participant(
        id: "par_\(index + 1)", tenant: "vendor-\(index + 1)", name: "Vendor \(index + 1)",
        emails: ["ada@vendor-\(index + 1).example"], joined: Int64(index))
    }
    try perform(
      .setTerms(
        UseCaseTerms(
          id: Self.useCase, version: version, tenant: "clinic", title: "Breast cancer",
          phase: phase, start: start, end: end, plan: plan, participants: members)))
  }

  @discardableResult
  mutating func perform(_ command: Command, price: Price = .standard) throws -> [EntryDraft] {
    keys += 1
    let context = CommandContext(
      now: now, actor: "usr_1", idempotencyKey: "key-\(keys)", trace: "",
      prices: PriceList([price]))
    let outcome = try book.perform(command, context)
    entries += outcome.entries
    alerts += outcome.alerts
    return outcome.entries
  }

  mutating func start(_ run: String, _ participant: String = "par_1", rate: GFLOP = .zero) throws {
    try perform(
      .startRun(id: run, participant: participant, startedBy: "usr_1", note: "", rate: rate))
  }

  @discardableResult
  mutating func report(
    _ run: String, _ total: GFLOP, price: Price = .standard
  ) throws -> [EntryDraft] {
    try perform(.reportUsage(run: run, total: total, meter: .declared), price: price)
  }

  mutating func finish(_ run: String, _ total: GFLOP? = nil) throws {
    try perform(.finishRun(run: run, total: total, meter: .declared))
  }

  func run(_ id: String) -> Run? { book.runs[id] }

  func status(_ participant: String = "par_1") throws -> AllocationStatus {
    try book.allocation(of: participant)
  }

  func balance(_ kind: AccountKind, _ participant: String = "") -> GFLOP {
    book.balance(kind, participant)
  }
}

extension Meter {
  static let declared = Meter(provenance: .declared, name: "")
}
