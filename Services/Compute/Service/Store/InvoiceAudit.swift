import ComputeBilling
import ComputeDomain
import Crypto
import Storage

/// Replays the invoices: numbers without a gap and of days in their order, by series; each with the
/// digest of its document, and with columns that say what it says; up to the stored end of each
/// series. And what is sealed beside them: payments, sellers, profiles and confirmations.
struct InvoiceAudit {
  /// What is wrong with the first that does not fit; `nil` if all do.
  private(set) var misfit: String?
  /// By tenant and cut, an invoice for the usage up to there.
  private(set) var cuts: [String: [Int64: String]] = [:]
  private(set) var count: Int64 = 0

  /// What they are for, to be compared with the usage.
  var billed = BilledUsage()

  private var previous = Digest.zero
  private var lastDays: [String: UTCDay] = [:]
  private var ends: [String: ChainEnd] = [:]

  init(_ db: Reader) throws {
    try db.forEach(
      """
      SELECT position, number, series, count, tenant, kind, month, corrects, document, digest
      FROM invoices ORDER BY position
      """
    ) { row in
      if misfit == nil { misfit = try check(row) }
    }
    misfit = try misfit ?? endMisfit(db) ?? sealMisfit(db)
  }

  private mutating func check(_ row: Row) throws -> String? {
    let number = try row.text("number")
    let series = try row.text("series")
    let digest = try row.digest("digest")
    let place = try row.int64("count")
    count += 1
    guard try count == row.int64("position"), place == (ends[series]?.count ?? 0) + 1 else {
      return "there is a gap before invoice \(number)"
    }
    guard let invoice = try? Invoice(bytes: row.blob("document"), previous: previous),
      invoice.digest == digest
    else { return "invoice \(number) does not fit its digest" }
    if let column = try InvoiceStore.strayColumn(row, invoice) {
      return "the \(column) of invoice \(number) is not what its document says"
    }
    guard series == InvoiceNumber.series(prefix: invoice.content.seller.prefix, invoice.issued)
    else { return "invoice \(number) is of \(invoice.issued.text), of which its series is not" }
    if let last = lastDays[series], invoice.issued < last {
      return "invoice \(number) is of \(invoice.issued.text), before the day of the one before it"
    }
    if let misfit = billed.add(invoice) { return misfit }
    lastDays[series] = invoice.issued
    previous = digest
    ends[series] = ChainEnd(count: place, last: number, digest: digest)
    cuts[invoice.content.tenant, default: [:]][invoice.content.through.cut] = number
    return nil
  }

  /// Payments and their corrections, and whom invoices are by and for.
  private func sealMisfit(_ db: Reader) throws -> String? {
    for table in SealedTable.allCases where table != .prices {
      if let misfit = try SealStore.mismatch(db, table) { return misfit }
    }
    return nil
  }

  private func endMisfit(_ db: Reader) throws -> String? {
    let found = Dictionary(
      uniqueKeysWithValues: ends.map { (InvoiceStore.chain(ofSeries: $0.key), $0.value) })
    let tables = Set(SealedTable.allCases.map(\.rawValue))
    let stored = try SealStore.ends(db).filter { !tables.contains($0.key) }
    for chain in Set(found.keys).union(stored.keys).sorted() {
      let misfit = SealStore.mismatch(
        of: chain, stored: stored[chain], found: found[chain] ?? .empty)
      if let misfit { return misfit }
    }
    return nil
  }
}
