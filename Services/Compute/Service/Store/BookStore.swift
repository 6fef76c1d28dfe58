import ComputeDomain
import Crypto
import Storage

/// Reads and writes books: the terms, balances and runs that a command needs, and what it changed.
enum BookStore {
  /// What of a book to read.
  enum Part {
    /// Every participant, account and live run.
    case whole
    /// One participant and its accounts, no run.
    case participant(String)
    /// One run, its participant and its accounts.
    case run(Run)
  }

  static func load(_ db: Reader, useCase id: String, part: Part) throws -> Book? {
    let participant: String? =
      switch part {
      case .whole: nil
      case .participant(let id): id
      case .run(let run): run.participant
      }
    guard let terms = try terms(db, id, onlyParticipant: participant) else { return nil }
    let runs: [Run] =
      switch part {
      case .whole: try liveRuns(db, useCase: id)
      case .participant: []
      case .run(let run): [run]
      }
    return Book(
      terms: terms, balances: try balances(db, useCase: id, onlyParticipant: participant),
      runs: Dictionary(uniqueKeysWithValues: runs.map { ($0.id, $0) }))
  }

  // MARK: - Terms

  private static func terms(
    _ db: Reader, _ id: String, onlyParticipant: String?
  ) throws -> UseCaseTerms? {
    let participants = try ParticipantStore.members(db, useCase: id, only: onlyParticipant)
    let sql = """
      SELECT version, tenant, title, phase, start_time, end_time, planned_participants, gflop_each
      FROM use_cases WHERE id = ?1
      """
    return try db.queryOne(sql, id) { row in
      UseCaseTerms(
        id: id, version: try row.int64("version"), tenant: try row.text("tenant"),
        title: try row.text("title"),
        phase: try parse(UseCaseTerms.Phase.self, row.text("phase")),
        start: try row.optionalInt64("start_time"), end: try row.optionalInt64("end_time"),
        plan: BudgetPlan(
          participants: try row.int64("planned_participants"),
          each: GFLOP(try row.int64("gflop_each"))),
        participants: participants)
    }
  }

  static func saveTerms(_ tx: Transaction, _ terms: UseCaseTerms) throws {
    try tx.execute(
      """
      INSERT INTO use_cases (id, version, tenant, title, phase, start_time, end_time,
        planned_participants, gflop_each)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      ON CONFLICT (id) DO UPDATE SET version = excluded.version, title = excluded.title,
        phase = excluded.phase, start_time = excluded.start_time, end_time = excluded.end_time,
        planned_participants = excluded.planned_participants, gflop_each = excluded.gflop_each
      """,
      terms.id, terms.version, terms.tenant, terms.title, terms.phase.rawValue, terms.start,
      terms.end, terms.plan.participants, terms.plan.each.value)
    try ParticipantStore.save(tx, terms.participants, useCase: terms.id)
  }

  // MARK: - Balances

  private static func balances(
    _ db: Reader, useCase: String, onlyParticipant: String?
  ) throws -> Balances {
    var sql = """
      SELECT kind, participant_id, price_version, gflop FROM balances WHERE use_case_id = ?1
      """
    var arguments: [(any SQLBindable)?] = [useCase]
    if let onlyParticipant {
      sql += " AND participant_id IN ('', ?2)"
      arguments.append(onlyParticipant)
    }
    var byAccount: [Account: GFLOP] = [:]
    try db.forEach(sql, arguments: arguments) { row in
      let account = Account(
        kind: try parse(AccountKind.self, row.text("kind")), useCase: useCase,
        participant: try row.text("participant_id"), priceVersion: try row.text("price_version"))
      byAccount[account] = GFLOP(try row.int64("gflop"))
    }
    return Balances(byAccount)
  }

  // MARK: - What a command changed

  /// Appends the entries, and brings the balances and runs that they touch to what `book` says.
  static func save(_ tx: Transaction, _ book: Book, entries: [EntryDraft], run: String?) throws {
    try EntryStore.append(tx, entries)
    let accounts = Set(entries.flatMap { $0.postings.map(\.account) })
    for account in accounts {
      try tx.execute(
        """
        INSERT INTO balances (use_case_id, participant_id, kind, price_version, gflop)
        VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (use_case_id, participant_id, kind, price_version)
        DO UPDATE SET gflop = excluded.gflop
        """,
        account.useCase, account.participant, account.kind.rawValue, account.priceVersion,
        book.balances[account].value)
    }
    let runs = Set(entries.map(\.run)).union([run ?? ""])
    for id in runs {
      if let run = book.runs[id] { try RunStore.save(tx, run, useCase: book.terms.id) }
    }
  }

  private static func liveRuns(_ db: Reader, useCase: String) throws -> [Run] {
    try db.query(
      "SELECT \(RunStore.columns) FROM runs WHERE use_case_id = ?1 AND state = 'running'",
      useCase, row: RunStore.run)
  }
}

/// Parses what this service itself has written; anything else is damage.
func parse<T: RawRepresentable<String>>(_ type: T.Type, _ text: String) throws -> T {
  guard let value = T(rawValue: text) else {
    throw StorageError.corrupt("\"\(text)\" is no \(type)")
  }
  return value
}
