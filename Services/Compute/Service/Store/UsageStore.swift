import ComputeBilling
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

  /// Where a tenant's usage was last cut off.
  static func cut(_ db: Reader, tenant: String) throws -> Int64 {
    try db.queryOne(
      "SELECT sequence FROM usage_cuts WHERE tenant = ?1 ORDER BY sequence DESC LIMIT 1", tenant
    ) { try $0.int64("sequence") } ?? 0
  }

  static func saveCut(_ tx: Transaction, tenant: String, _ sequence: Int64) throws {
    try tx.execute(
      "INSERT INTO usage_cuts (tenant, sequence) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
      tenant, sequence)
  }

  /// Hands a tenant's usage to `body`, in the order of cut, quarter, use case and participant,
  /// keeping none: what the runs of a participant used in a quarter comes as one record for each
  /// price, for SQLite adds faster than it hands out rows.
  static func forEach(
    _ db: Reader, tenant: String, cuts: ClosedRange<Int64>, quarters: Range<Int64>,
    _ body: (UsageRecord) throws -> Void
  ) throws {
    // These are the first columns of the key, so that nothing is sorted.
    let sql = """
      SELECT quarter, use_case_id, participant_id, sum(gflop), min(price_version),
        max(price_version), cut FROM usage
      WHERE tenant = ?1 AND cut BETWEEN ?2 AND ?3 AND quarter >= ?4 AND quarter < ?5
      GROUP BY tenant, cut, quarter, use_case_id, participant_id
      ORDER BY tenant, cut, quarter, use_case_id, participant_id
      """
    let parts = """
      SELECT sum(gflop), price_version FROM usage
      WHERE tenant = ?1 AND cut = ?2 AND quarter = ?3 AND use_case_id = ?4 AND participant_id = ?5
      GROUP BY price_version ORDER BY price_version
      """
    try db.forEach(
      sql, tenant, cuts.lowerBound, cuts.upperBound, quarters.lowerBound, quarters.upperBound
    ) { row in
      let quarter = try row.int64(0)
      let (useCase, participant) = (try row.text(1), try row.text(2))
      let record = { (quantity: Int64, version: String) in
        UsageRecord(
          useCase: useCase, participant: participant, run: "", priceVersion: version,
          time: quarter * UsagePeriod.milliseconds, quantity: GFLOP(quantity))
      }
      let version = try row.text(4)
      if try version == row.text(5) { return try body(record(row.int64(3), version)) }
      // The price changed in this quarter.
      try db.forEach(parts, tenant, try row.int64(6), quarter, useCase, participant) {
        try body(record($0.int64(0), $0.text(1)))
      }
    }
  }

  /// Hands a tenant's usage rows to `body`, run by run.
  static func forEachRun(
    _ db: Reader, tenant: String, quarters: Range<Int64>, _ body: (UsageRecord) throws -> Void
  ) throws {
    let sql = """
      SELECT quarter, use_case_id, participant_id, price_version, gflop, run_id FROM usage
      WHERE tenant = ?1 AND quarter >= ?2 AND quarter < ?3
      ORDER BY tenant, cut, quarter, use_case_id, participant_id, run_id, price_version
      """
    try db.forEach(sql, tenant, quarters.lowerBound, quarters.upperBound) { row in
      try body(
        UsageRecord(
          useCase: try row.text(1), participant: try row.text(2), run: try row.text(5),
          priceVersion: try row.text(3), time: try row.int64(0) * UsagePeriod.milliseconds,
          quantity: GFLOP(try row.int64(4))))
    }
  }

  /// What a tenant used at a price in a time, of what came in before a cut.
  static func volume(
    _ db: Reader, tenant: String, before cut: Int64, quarters: Range<Int64>, version: String
  ) throws -> GFLOP {
    let sql = """
      SELECT ifnull(sum(gflop), 0) AS gflop FROM usage
      WHERE tenant = ?1 AND cut < ?2 AND quarter >= ?3 AND quarter < ?4 AND price_version = ?5
      """
    let sum = try db.queryOne(
      sql, tenant, cut, quarters.lowerBound, quarters.upperBound, version
    ) { try $0.int64("gflop") }
    return GFLOP(sum ?? 0)
  }

  /// The first quarter of a time in which a tenant used anything.
  ///
  /// The cuts, which are as many as invoices, are gone through one by one: in each the quarters are
  /// in order, so that only a few rows are read.
  static func firstQuarter(
    _ db: Reader, tenant: String, in quarters: Range<Int64>
  ) throws -> Int64? {
    let next = "SELECT min(cut) AS cut FROM usage WHERE tenant = ?1 AND cut > ?2"
    let sql = """
      SELECT quarter FROM usage
      WHERE tenant = ?1 AND cut = ?2 AND quarter >= ?3 AND quarter < ?4 AND gflop > 0
      ORDER BY quarter LIMIT 1
      """
    var first: Int64?
    var last = Int64.min
    while let cut = try db.queryOne(next, tenant, last, row: { try $0.optionalInt64("cut") }) ?? nil
    {
      let quarter = try db.queryOne(
        sql, tenant, cut, quarters.lowerBound, quarters.upperBound
      ) { try $0.int64("quarter") }
      first = [first, quarter].compactMap { $0 }.min()
      last = cut
    }
    return first
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
}
