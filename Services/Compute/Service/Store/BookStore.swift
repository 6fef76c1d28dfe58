import ComputeDomain
import Crypto
import Storage

/// Reads and writes books: the terms, shares, alerts and balances, and the runs that live.
enum BookStore {
  static func load(
    _ db: Reader, useCase id: String
  ) throws -> (book: Book, roster: [OpenBook.Member])? {
    let roster = try ParticipantStore.roster(db, useCase: id)
    let sql = """
      SELECT version, tenant, title, phase, start_time, end_time, planned_participants, gflop_each,
        topped_up_gflop, thresholds
      FROM use_cases WHERE id = ?1
      """
    let book = try db.queryOne(sql, id) { row in
      let terms = UseCaseTerms(
        id: id, version: try row.int64("version"), tenant: try row.text("tenant"),
        title: try row.text("title"),
        phase: try parse(UseCaseTerms.Phase.self, row.text("phase")),
        start: try row.optionalInt64("start_time"), end: try row.optionalInt64("end_time"),
        plan: BudgetPlan(
          participants: try row.int64("planned_participants"),
          each: GFLOP(try row.int64("gflop_each"))),
        participants: roster.filter(\.isMember).map(\.participant))
      let thresholds = try row.text("thresholds").split(separator: ",").compactMap { Int64($0) }
      return try Book(
        terms: terms, balances: try balances(db, useCase: id),
        runs: try RunStore.live(db, useCase: id),
        shares: ShareBook(
          adjustments: try adjustments(db, useCase: id),
          toppedUp: GFLOP(try row.int64("topped_up_gflop"))),
        alerts: AlertBook(
          thresholds: thresholds, told: try AlertStore.told(db, useCase: id)))
    }
    return book.map { ($0, roster) }
  }

  // MARK: - What is written when it changes

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

  /// Writes what organisers have set by hand.
  static func saveShares(_ tx: Transaction, _ book: Book) throws {
    let thresholds = book.alerts.thresholds.map(String.init).joined(separator: ",")
    try tx.execute(
      "UPDATE use_cases SET topped_up_gflop = ?2, thresholds = ?3 WHERE id = ?1", book.terms.id,
      book.shares.toppedUp.value, thresholds)
    try tx.execute("DELETE FROM adjustments WHERE use_case_id = ?1", book.terms.id)
    for (participant, amount) in book.shares.adjustments {
      try tx.execute(
        "INSERT INTO adjustments (use_case_id, participant_id, gflop) VALUES (?1, ?2, ?3)",
        book.terms.id, participant, amount.value)
    }
  }

  private static func adjustments(_ db: Reader, useCase: String) throws -> [String: GFLOP] {
    var adjustments: [String: GFLOP] = [:]
    try db.forEach(
      "SELECT participant_id, gflop FROM adjustments WHERE use_case_id = ?1", useCase
    ) { adjustments[try $0.text("participant_id")] = GFLOP(try $0.int64("gflop")) }
    return adjustments
  }

  // MARK: - Balances

  private static func balances(_ db: Reader, useCase: String) throws -> Balances {
    var byAccount: [Account: GFLOP] = [:]
    let sql = """
      SELECT use_case_id, kind, participant_id, price_version, gflop FROM balances
      WHERE use_case_id = ?1
      """
    try db.forEach(sql, useCase) { row in
      byAccount[try account(row)] = GFLOP(try row.int64("gflop"))
    }
    return Balances(byAccount)
  }

  static func account(_ row: Row) throws -> Account {
    Account(
      kind: try parse(AccountKind.self, row.text("kind")), useCase: try row.text("use_case_id"),
      participant: try row.text("participant_id"), priceVersion: try row.text("price_version"))
  }

  /// Brings the balances that changed to what the book says.
  static func saveBalances(_ tx: Transaction, _ open: OpenBook) throws {
    let sql = """
      INSERT INTO balances (use_case_id, participant_id, kind, price_version, gflop)
      VALUES (?1, ?2, ?3, ?4, ?5)
      ON CONFLICT (use_case_id, participant_id, kind, price_version)
      DO UPDATE SET gflop = excluded.gflop
      """
    for participant in open.dirtyParticipants {
      for line in open.book.accounts.balances(of: participant) {
        let account = line.account
        try tx.execute(
          sql, account.useCase, account.participant, account.kind.rawValue, account.priceVersion,
          line.amount.value)
      }
    }
  }

  /// Adds a posting to a balance; in two steps, for a source's balance is checked as it is
  /// inserted.
  static func add(_ tx: Transaction, _ posting: Posting) throws {
    let account = posting.account
    let changed = try tx.execute(
      """
      UPDATE balances SET gflop = gflop + ?5
      WHERE use_case_id = ?1 AND participant_id = ?2 AND kind = ?3 AND price_version = ?4
      """,
      account.useCase, account.participant, account.kind.rawValue, account.priceVersion,
      posting.amount.value)
    guard changed == 0 else { return }
    try tx.execute(
      """
      INSERT INTO balances (use_case_id, participant_id, kind, price_version, gflop)
      VALUES (?1, ?2, ?3, ?4, ?5)
      """,
      account.useCase, account.participant, account.kind.rawValue, account.priceVersion,
      posting.amount.value)
  }
}

/// Parses what this service itself has written; anything else is damage.
func parse<T: RawRepresentable<String>>(_ type: T.Type, _ text: String) throws -> T {
  guard let value = T(rawValue: text) else {
    throw StorageError.corrupt("\"\(text)\" is no \(type)")
  }
  return value
}
