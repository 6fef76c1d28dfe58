import ComputeDomain
import Storage

/// Makes the usage table anew from the journal, and compares every row of it.
///
/// Bills are made of that table: a row of another quarter, price or participant is another bill.
struct UsageAudit {
  private struct Place: Hashable {
    let tenant: String
    let useCase: String
    let participant: String
    let run: String
  }

  /// A row's key; places and prices as numbers, for there are millions of rows.
  private struct Key: Hashable {
    let place: Int32
    let price: Int32
    let quarter: Int64
    let cut: Int64
  }

  /// Where a tenant's usage was cut off, and the last cut before the present entry.
  private struct Cuts {
    var ascending: [Int64] = []
    var next = 0
    var last: Int64 = 0

    /// An entry's row is that of the last cut before it.
    mutating func cut(before sequence: Int64) -> Int64 {
      while next < ascending.count, ascending[next] < sequence {
        last = ascending[next]
        next += 1
      }
      return last
    }
  }

  private var places = Numbering<Place>()
  private var prices = Numbering<String>()
  private var cuts: [String: Cuts] = [:]
  private var sums: [Key: Int64] = [:]

  init(_ db: Reader) throws {
    try db.forEach("SELECT tenant, sequence FROM usage_cuts ORDER BY tenant, sequence") { row in
      cuts[try row.text("tenant"), default: Cuts()].ascending.append(try row.int64("sequence"))
    }
  }

  /// Takes the next entry of a chain that fits so far.
  mutating func add(_ entry: Entry) {
    let content = entry.content
    for posting in content.postings where posting.account.kind == .used {
      let place = Place(
        tenant: content.tenant, useCase: content.useCase, participant: content.participant,
        run: content.run)
      let key = Key(
        place: places.number(place), price: prices.number(posting.account.priceVersion),
        quarter: UsagePeriod.quarter(of: content.meteredTime),
        cut: cuts[content.tenant, default: Cuts()].cut(before: entry.sequence))
      // The account's balance, of which this is a part, was checked to fit 64 bits.
      sums[key, default: 0] &+= posting.amount.value
    }
  }

  /// What is wrong with the first row that does not fit the entries so far; `nil` if all do.
  ///
  /// - Parameter billed: is told of each row, for there are millions, and one pass is enough.
  mutating func mismatch(_ db: Reader, _ billed: inout BilledUsage) throws -> String? {
    var reason: String?
    try db.forEach(
      """
      SELECT tenant, cut, quarter, use_case_id, participant_id, run_id, price_version, gflop
      FROM usage
      """
    ) { row in
      let place = Place(
        tenant: try row.text("tenant"), useCase: try row.text("use_case_id"),
        participant: try row.text("participant_id"), run: try row.text("run_id"))
      let key = Key(
        place: places.number(place), price: prices.number(try row.text("price_version")),
        quarter: try row.int64("quarter"), cut: try row.int64("cut"))
      let sum = sums.removeValue(forKey: key) ?? 0
      let stored = try row.int64("gflop")
      billed.use(
        tenant: places.value(key.place).tenant, cut: key.cut, quarter: key.quarter,
        priceVersion: prices.value(key.price), gflop: stored)
      guard stored != sum, reason == nil else { return }
      reason = "\(describe(key)) is \(stored) GFLOP, its entries sum to \(sum)"
    }
    if let reason { return reason }
    let missing = sums.filter { $0.value != 0 }.keys.map { describe($0) }.min()
    return missing.map { "\($0) is missing" }
  }

  /// Whether the cuts are those that the invoices name, none beyond the end of its chain.
  func cutMismatch(_ invoices: InvoiceAudit, _ replay: LedgerChains) -> String? {
    for (tenant, named) in invoices.cuts.sorted(by: { $0.key < $1.key }) {
      let known = Set(cuts[tenant]?.ascending ?? [])
      for (cut, number) in named.sorted(by: { $0.key < $1.key }) where !known.contains(cut) {
        return "invoice \(number) is for usage up to entry \(cut), where none was cut off"
      }
    }
    for (tenant, cuts) in cuts.sorted(by: { $0.key < $1.key }) {
      let end = replay.chains[tenant]?.head.sequence ?? 0
      guard let last = cuts.ascending.last, last > end else { continue }
      return "usage of tenant \(tenant) is cut off at entry \(last); there are \(end)"
    }
    return nil
  }

  private func describe(_ key: Key) -> String {
    let place = places.value(key.place)
    return "the usage of run \(place.run) by \(place.participant) on \(place.useCase), paid by "
      + "\(place.tenant), in quarter \(key.quarter) at price \(prices.value(key.price)) after cut "
      + "\(key.cut)"
  }
}
