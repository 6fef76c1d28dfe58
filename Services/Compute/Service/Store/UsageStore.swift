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
  /// keeping none. Unless asked for by run, rows of the same participant, quarter and price that
  /// follow each other come as one record; by run, those of the same run.
  ///
  /// Rows are put together here: SQLite spends more on its groups than on handing out their rows.
  ///
  /// - Throws: `StorageError.corrupt` for a row of these that the ledger cannot have written.
  static func forEach(
    _ db: Reader, tenant: String, cuts: ClosedRange<Int64> = .min ... .max,
    quarters: Range<Int64>, byRun: Bool = false, _ body: (UsageRecord) throws -> Void
  ) throws {
    // As the key is, so that nothing is sorted.
    let sql = """
      SELECT quarter, use_case_id, participant_id, price_version, gflop\(byRun ? ", run_id" : "")
      FROM usage WHERE tenant = ?1 AND cut = ?2 AND quarter >= ?3 AND quarter < ?4
      ORDER BY quarter, use_case_id, participant_id, run_id, price_version
      """
    var (useCase, participant, version, run) = ("", "", "", "")
    var record: UsageRecord?
    try forEachCut(db, tenant: tenant, in: cuts) { cut in
      try db.forEach(sql, tenant, cut, quarters.lowerBound, quarters.upperBound) { row in
        let time = try UsagePeriod.start(of: row.int64(0), owner: tenant)
        let quantity = GFLOP(try row.int64(4))
        var isNew = time != record?.time
        if try row.read(1, into: &useCase) { isNew = true }
        if try row.read(2, into: &participant) { isNew = true }
        if try row.read(3, into: &version) { isNew = true }
        if byRun, try row.read(5, into: &run) { isNew = true }
        if isNew {
          if let record { try body(record) }
          record = UsageRecord(
            useCase: useCase, participant: participant, run: run, priceVersion: version,
            time: time, quantity: .zero)
        }
        let known = record?.quantity ?? .zero
        guard quantity >= .zero, let sum = try? known + quantity else {
          throw StorageError.corrupt(
            "usage of \(tenant), cut \(cut), time \(time), \(useCase), \(participant), "
              + "\(version): \(quantity.value) GFLOP beside \(known.value)")
        }
        record?.quantity = sum
      }
    }
    if let record { try body(record) }
  }

  /// Hands a tenant's cuts to `body`: there are about as many as invoices. The quarters of each are
  /// in order, so that only the rows of those that are asked for are read.
  private static func forEachCut(
    _ db: Reader, tenant: String, in cuts: ClosedRange<Int64> = .min ... .max,
    _ body: (Int64) throws -> Void
  ) throws {
    let sql = "SELECT min(cut) AS cut FROM usage WHERE tenant = ?1 AND cut >= ?2 AND cut <= ?3"
    var first = cuts.lowerBound
    while let cut = try db.queryOne(
      sql, tenant, first, cuts.upperBound, row: { try $0.optionalInt64("cut") }) ?? nil
    {
      try body(cut)
      guard cut < cuts.upperBound else { return }
      first = cut + 1
    }
  }

  /// What a tenant used at a price in a time, of what came in before a cut.
  ///
  /// - Throws: `StorageError.corrupt` for a row of these that the ledger cannot have written.
  static func volume(
    _ db: Reader, tenant: String, before cut: Int64, quarters: Range<Int64>, version: String
  ) throws -> GFLOP {
    let sql = """
      SELECT ifnull(sum(gflop), 0) AS gflop, ifnull(min(gflop), 0) AS least FROM usage
      WHERE tenant = ?1 AND cut = ?2 AND quarter >= ?3 AND quarter < ?4 AND price_version = ?5
      """
    var volume = GFLOP.zero
    try forEachCut(db, tenant: tenant, in: .min...(cut - 1)) { cut in
      let found = try db.queryOne(
        sql, tenant, cut, quarters.lowerBound, quarters.upperBound, version
      ) { (sum: GFLOP(try $0.int64("gflop")), least: try $0.int64("least")) }
      guard let found, found.least >= 0, let sum = try? volume + found.sum else {
        throw StorageError.corrupt("usage of \(tenant), cut \(cut), at \(version)")
      }
      volume = sum
    }
    return volume
  }

  /// The first quarter of a time in which a tenant used anything.
  static func firstQuarter(
    _ db: Reader, tenant: String, in quarters: Range<Int64>
  ) throws -> Int64? {
    let sql = """
      SELECT quarter FROM usage
      WHERE tenant = ?1 AND cut = ?2 AND quarter >= ?3 AND quarter < ?4 AND gflop > 0
      ORDER BY quarter LIMIT 1
      """
    var first: Int64?
    try forEachCut(db, tenant: tenant) { cut in
      let quarter = try db.queryOne(
        sql, tenant, cut, quarters.lowerBound, quarters.upperBound
      ) { try $0.int64("quarter") }
      first = [first, quarter].compactMap { $0 }.min()
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
