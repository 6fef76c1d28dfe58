import ComputeDomain
import Storage

/// What was used, by run and quarter of an hour, as the bill needs it.
enum UsageStore {
  /// Adds what a book has used since the last flush.
  static func add(_ tx: Transaction, _ open: OpenBook) throws {
    let terms = open.book.terms
    for (key, amount) in open.usage { try add(tx, terms.tenant, terms.id, key, amount) }
  }

  /// Adds the usage of one entry.
  static func add(_ tx: Transaction, _ entry: EntryDraft, cut: Int64) throws {
    for posting in entry.postings where posting.account.kind == .used {
      let key = OpenBook.UsageKey(
        run: entry.run, participant: entry.participant,
        quarter: UsagePeriod.quarter(of: entry.meteredTime),
        priceVersion: posting.account.priceVersion, cut: cut)
      try add(tx, entry.tenant, entry.useCase, key, posting.amount)
    }
  }

  private static func add(
    _ tx: Transaction, _ tenant: String, _ useCase: String, _ key: OpenBook.UsageKey,
    _ amount: GFLOP
  ) throws {
    try tx.execute(
      """
      INSERT INTO usage (tenant, cut, quarter, use_case_id, participant_id, run_id, price_version,
        gflop)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      ON CONFLICT (tenant, cut, quarter, use_case_id, participant_id, run_id, price_version)
      DO UPDATE SET gflop = gflop + excluded.gflop
      """,
      tenant, key.cut, key.quarter, useCase, key.participant, key.run, key.priceVersion,
      amount.value)
  }

  // MARK: - For invoices

  static func cut(_ db: Reader, tenant: String) throws -> Int64 {
    try db.queryOne("SELECT sequence FROM usage_cuts WHERE tenant = ?1", tenant) {
      try $0.int64("sequence")
    } ?? 0
  }

  static func saveCut(_ tx: Transaction, tenant: String, _ sequence: Int64) throws {
    try tx.execute(
      """
      INSERT INTO usage_cuts (tenant, sequence) VALUES (?1, ?2)
      ON CONFLICT (tenant) DO UPDATE SET sequence = excluded.sequence
      """, tenant, sequence)
  }

  /// Hands a tenant's usage rows to `body`, in the order of cut, quarter, use case, participant and
  /// run, keeping none.
  static func forEach(
    _ db: Reader, tenant: String, cuts: ClosedRange<Int64>, quarters: Range<Int64>,
    _ body: (UsageRow) throws -> Void
  ) throws {
    let sql = """
      SELECT cut, quarter, use_case_id, participant_id, run_id, price_version, gflop FROM usage
      WHERE tenant = ?1 AND cut BETWEEN ?2 AND ?3 AND quarter >= ?4 AND quarter < ?5
      ORDER BY tenant, cut, quarter, use_case_id, participant_id, run_id, price_version
      """
    try db.forEach(
      sql, tenant, cuts.lowerBound, cuts.upperBound, quarters.lowerBound, quarters.upperBound
    ) { row in
      try body(
        UsageRow(
          cut: try row.int64(0), quarter: try row.int64(1), useCase: try row.text(2),
          participant: try row.text(3), run: try row.text(4), priceVersion: try row.text(5),
          quantity: GFLOP(try row.int64(6))))
    }
  }

  /// What a use case used from a quarter on, and the first quarter of it.
  static func recent(
    _ db: Reader, useCase: String, since quarter: Int64
  ) throws -> (used: GFLOP, firstQuarter: Int64?) {
    let sql = """
      SELECT sum(gflop) AS gflop, min(quarter) AS first FROM usage
      WHERE use_case_id = ?1 AND quarter >= ?2
      """
    let row = try db.queryOne(sql, useCase, quarter) {
      (try $0.optionalInt64("gflop"), try $0.optionalInt64("first"))
    }
    return (GFLOP(row?.0 ?? 0), row?.1)
  }

  // MARK: - For reports

  /// Sums of usage on the use cases that a tenant owns, by day or run only where asked for.
  static func sums(
    _ db: Reader, ownedBy tenant: String, useCase: String?, period: Range<Int64>?,
    grouping: BillingGrouping
  ) throws -> [UsageSum] {
    let quartersOfDay = UTCDay.milliseconds / UsagePeriod.milliseconds
    let day = grouping == .day ? "s.quarter / \(quartersOfDay)" : nil
    let run = grouping == .run ? "s.run_id" : nil
    let finer = [day, run].compactMap { $0 }.map { ", \($0)" }.joined()
    var filter = "s.tenant = ?1"
    var arguments: [(any SQLBindable)?] = [tenant]
    if let useCase {
      arguments.append(useCase)
      filter += " AND s.use_case_id = ?\(arguments.count)"
    }
    if let period {
      arguments += [period.lowerBound, period.upperBound].map { UsagePeriod.quarter(of: $0) }
      filter += " AND s.quarter >= ?\(arguments.count - 1) AND s.quarter < ?\(arguments.count)"
    }
    let sql = """
      SELECT u.id AS use_case_id, u.title AS title, s.participant_id AS participant_id,
        t.name AS name, t.tenant AS participant_tenant, r.version AS version,
        r.nano_euro_per_gflop AS rate, \(day ?? "0") AS day,
        \(run ?? "''") AS run_id, SUM(s.gflop) AS gflop
      FROM usage s
        JOIN use_cases u ON u.id = s.use_case_id
        JOIN prices r ON r.version = s.price_version
        LEFT JOIN participants t ON t.use_case_id = u.id AND t.id = s.participant_id
      WHERE \(filter)
      GROUP BY u.id, u.title, s.participant_id, t.name, t.tenant, r.version,
        r.nano_euro_per_gflop\(finer)
      """
    return try db.query(sql, arguments: arguments) { row in
      UsageSum(
        useCase: try row.text("use_case_id"), useCaseTitle: try row.text("title"),
        participant: try row.text("participant_id"),
        participantName: try row.optionalText("name") ?? "",
        participantTenant: try row.optionalText("participant_tenant") ?? "",
        run: try row.text("run_id"), day: UTCDay(number: try row.int64("day")),
        quantity: GFLOP(try row.int64("gflop")), priceVersion: try row.text("version"),
        nanoEuroPerGFLOP: try row.int64("rate"))
    }
  }

  static func prices(_ db: Reader) throws -> PriceList {
    PriceList(
      try db.query("SELECT version, valid_from, nano_euro_per_gflop FROM prices") { row in
        Price(
          version: try row.text("version"), validFrom: try row.int64("valid_from"),
          nanoEuroPerGFLOP: try row.int64("nano_euro_per_gflop"))
      })
  }
}

/// One row of the usage table: what a run used in a quarter of an hour, at one price.
struct UsageRow: Sendable, Equatable {
  /// The tenant's last entry at its last invoice before the usage came in.
  let cut: Int64
  /// Since 1970; see `UsagePeriod`.
  let quarter: Int64
  let useCase: String
  let participant: String
  let run: String
  let priceVersion: String
  let quantity: GFLOP
}
