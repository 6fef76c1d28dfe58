import ComputeBilling
import ComputeDomain
import Crypto
import Storage

/// The invoices that were issued, in the order of issue.
enum InvoiceStore {
  /// An invoice, and what became of it.
  struct Record: Sendable {
    let invoice: Invoice
    let position: Int64
    let paid: UTCDay?
    /// The number of the note that took it back.
    let creditedBy: String?
  }

  private static let columns = """
    i.position, i.number, i.series, i.count, i.tenant, i.kind, i.month, i.corrects, i.document,
      i.digest,
      (SELECT b.digest FROM invoices b WHERE b.position = i.position - 1) AS previous,
      CASE WHEN EXISTS (SELECT 1 FROM payment_corrections x WHERE x.number = i.number)
        THEN (SELECT x.paid_day FROM payment_corrections x WHERE x.number = i.number
          ORDER BY x.id DESC LIMIT 1)
        ELSE (SELECT p.paid_day FROM invoice_payments p WHERE p.number = i.number) END AS paid_day,
      (SELECT c.number FROM invoices c WHERE c.corrects = i.number AND c.kind = 'creditNote')
        AS credited_by
    """

  static func find(_ db: Reader, number: String) throws -> Record? {
    try db.queryOne("SELECT \(columns) FROM invoices i WHERE i.number = ?1", number, row: record)
  }

  /// The last invoice for a month: the one issued anew, if it was.
  static func last(_ db: Reader, tenant: String, month: UTCMonth) throws -> Record? {
    let sql = """
      SELECT \(columns) FROM invoices i
      WHERE i.tenant = ?1 AND i.month = ?2 AND i.kind = 'invoice' ORDER BY i.position DESC LIMIT 1
      """
    return try db.queryOne(sql, tenant, month.text, row: record)
  }

  /// What was issued in place of an invoice that was taken back.
  static func replacement(_ db: Reader, of number: String) throws -> Record? {
    let sql = "SELECT \(columns) FROM invoices i WHERE i.corrects = ?1 AND i.kind = 'invoice'"
    return try db.queryOne(sql, number, row: record)
  }

  /// Newest first, before a position; of every tenant for `nil`.
  static func page(
    _ db: Reader, tenant: String?, before position: Int64, limit: Int
  ) throws -> [Record] {
    let sql = """
      SELECT \(columns) FROM invoices i WHERE (?1 IS NULL OR i.tenant = ?1) AND i.position < ?2
      ORDER BY i.position DESC LIMIT ?3
      """
    return try db.query(sql, tenant, position, limit, row: record)
  }

  /// The invoice up to which a tenant is billed.
  static func latest(_ db: Reader, tenant: String) throws -> Record? {
    // One that was issued anew is for the same usage as the one that it replaces.
    let sql = """
      SELECT \(columns) FROM invoices i
      WHERE i.tenant = ?1 AND i.kind = 'invoice' AND i.corrects = ''
      ORDER BY i.position DESC LIMIT 1
      """
    return try db.queryOne(sql, tenant, row: record)
  }

  /// What the tenant's invoices are for, up to the last.
  static func coverage(_ db: Reader, tenant: String) throws -> Coverage {
    try latest(db, tenant: tenant)?.invoice.content.through ?? .none
  }

  /// Gives a draft the next number of its series, and keeps it for ever.
  ///
  /// - Parameter today: its day, unless the series has one of tomorrow, issued before the clock was
  ///   set back: then that day, for a number's day is never before that of an earlier number.
  /// - Throws: `BillingFault.laterNumber` where a clock was wrong by more than that.
  static func issue(
    _ tx: Transaction, _ draft: InvoiceDraft, on today: UTCDay
  ) throws -> Record {
    let last = try tx.queryOne(
      "SELECT position, digest FROM invoices ORDER BY position DESC LIMIT 1"
    ) { (try $0.int64("position"), try $0.digest("digest")) }
    let series = InvoiceNumber.series(prefix: draft.seller.prefix, today)
    let day = max(today, try lastDay(tx, series) ?? today)
    guard day.number <= today.number + 1 else { throw BillingFault.laterNumber(series, day) }
    let count = try lastCount(tx, series) + 1
    let invoice = Invoice(
      number: InvoiceNumber.text(series: series, count), issued: day, content: draft,
      previous: last?.1 ?? .zero)
    let position = (last?.0 ?? 0) + 1
    try tx.execute(
      """
      INSERT INTO invoices (position, number, series, count, tenant, kind, month, corrects,
        document, digest)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """,
      position, invoice.number, series, count, draft.tenant, draft.kind.rawValue,
      draft.month.text, draft.corrects, invoice.bytes, invoice.digest)
    try SealStore.save(
      tx, ChainEnd(count: count, last: invoice.number, digest: invoice.digest),
      of: chain(ofSeries: series))
    return Record(invoice: invoice, position: position, paid: nil, creditedBy: nil)
  }

  /// The day of a series' last number.
  private static func lastDay(_ db: Reader, _ series: String) throws -> UTCDay? {
    try db.queryOne(
      "SELECT document FROM invoices WHERE series = ?1 ORDER BY count DESC LIMIT 1", series
    ) { try Invoice.issueDay(of: $0.blob("document")) }
  }

  /// - Throws: `BillingFault.foreignPrefix` where a company of another VAT id has numbered with the
  ///   seller's prefix, in whatever year: its credit notes go on there.
  static func checkPrefix(_ db: Reader, of seller: Seller) throws {
    // "AS2026": a series is its prefix and a year.
    let sql = """
      SELECT \(columns) FROM invoices i
      WHERE i.series BETWEEN ?1 || '0000' AND ?1 || '9999' AND length(i.series) = length(?1) + 4
      ORDER BY i.series DESC, i.count DESC LIMIT 1
      """
    guard let last = try db.queryOne(sql, seller.prefix, row: record) else { return }
    let owner = last.invoice.content.seller.party.vatID
    guard owner == seller.party.vatID else {
      throw BillingFault.foreignPrefix(seller.prefix, vatID: owner)
    }
  }

  /// The name of a series among the chains.
  static func chain(ofSeries series: String) -> String { chainPrefix + series }

  /// The series that a chain is of; `nil` for one of something else.
  static func series(ofChain chain: String) -> String? {
    chain.hasPrefix(chainPrefix) ? String(chain.dropFirst(chainPrefix.count)) : nil
  }

  private static let chainPrefix = "invoices/"

  /// How many invoices a series has.
  ///
  /// - Throws: where the last were cut off, for their numbers must not be given again.
  private static func lastCount(_ db: Reader, _ series: String) throws -> Int64 {
    let sql = "SELECT ifnull(max(count), 0) AS count FROM invoices WHERE series = ?1"
    let count = try db.queryOne(sql, series) { try $0.int64("count") } ?? 0
    let end = try SealStore.end(db, chain(ofSeries: series)) ?? .empty
    guard end.count == count else {
      throw StorageError.corrupt(
        "the series \(series) says that it has \(end.count) invoices; there are \(count)")
    }
    return count
  }

  /// Cuts off usage where each invoice says that it was: what kept the last cut alone has lost the
  /// one of an invoice after which nothing was used before the next.
  static func restoreCuts(_ tx: Transaction) throws {
    var cuts: [(tenant: String, cut: Int64)] = []
    try tx.forEach("SELECT document FROM invoices ORDER BY position") { row in
      // One that is damaged is named by an audit, and is no reason not to start.
      guard let invoice = try? Invoice(bytes: row.blob("document"), previous: .zero) else { return }
      cuts.append((invoice.content.tenant, invoice.content.through.cut))
    }
    for (tenant, cut) in cuts { try UsageStore.saveCut(tx, tenant: tenant, cut) }
  }

  /// Reads an invoice, and compares it with its digest and its columns.
  private static func record(_ row: Row) throws -> Record {
    let previous = try row.optionalDigest("previous") ?? .zero
    let invoice = try Invoice(bytes: row.blob("document"), previous: previous)
    guard try invoice.digest == row.digest("digest") else {
      throw StorageError.corrupt("invoice \(invoice.number) does not fit its digest")
    }
    if let column = try strayColumn(row, invoice) {
      throw StorageError.corrupt("the \(column) of invoice \(invoice.number) is not its document's")
    }
    return Record(
      invoice: invoice, position: try row.int64("position"),
      paid: try row.optionalInt64("paid_day").map { UTCDay(number: $0) },
      creditedBy: try row.optionalText("credited_by"))
  }

  /// The first of the columns, which queries go by, that does not say what the document says.
  static func strayColumn(_ row: Row, _ invoice: Invoice) throws -> String? {
    let content = invoice.content
    let said = [
      ("number", invoice.number), ("tenant", content.tenant), ("kind", content.kind.rawValue),
      ("month", content.month.text), ("corrects", content.corrects),
    ]
    for (column, text) in said where try row.text(.name(column)) != text { return column }
    let place = try InvoiceNumber.text(series: row.text("series"), row.int64("count"))
    return place == invoice.number ? nil : "series"
  }
}
