import ComputeBilling
import ComputeDomain

/// Compares what invoices say was used with the usage that each is for.
///
/// A tenant's invoices follow each other, so that a row of usage is on the first that was made
/// after it came in, for a month that it is not after. Two that share what they are for, because
/// some of it is outside the scope of VAT, are one bill.
struct BilledUsage {
  private struct Bill {
    /// Of its last document.
    var number: String
    let from: Coverage
    let through: Coverage
    /// The first quarter that it is not for.
    let end: Int64
    var documents = 1
    /// By price version.
    var said: [String: Int64]
    var used: [String: Int64] = [:]
  }

  private struct Place {
    let tenant: String
    let index: Int
    /// What the document itself bills, by price version.
    let said: [String: Int64]
  }

  /// Of each tenant, in the order of issue; without those that correct one of these.
  private var bills: [String: [Bill]] = [:]
  /// Which bill a document is about, by its number.
  private var places: [String: Place] = [:]

  /// Takes the next document; returns what is wrong with what it says that it is for.
  mutating func add(_ invoice: Invoice) -> String? {
    let content = invoice.content
    guard content.corrects.isEmpty else { return addCorrection(invoice) }
    let said = Self.quantities(content)
    var own = bills.removeValue(forKey: content.tenant) ?? []
    defer { bills[content.tenant] = own }
    if let last = own.last, last.documents == 1, content.kind == .invoice,
      content.from == last.from, content.through == last.through
    {
      own[own.count - 1].number = invoice.number
      own[own.count - 1].documents = 2
      own[own.count - 1].said.merge(said) { $0 &+ $1 }
    } else {
      let last = own.last?.through ?? .none
      guard content.kind == .invoice, content.from == last, content.through.end > last.end,
        content.through.cut >= last.cut
      else { return "invoice \(invoice.number) is not for what follows the one before it" }
      own.append(
        Bill(
          number: invoice.number, from: content.from, through: content.through,
          end: UsagePeriod.quarter(of: content.through.end), said: said))
    }
    places[invoice.number] = Place(tenant: content.tenant, index: own.count - 1, said: said)
    return nil
  }

  /// A credit note, or what was issued anew: for the usage of what it corrects.
  private mutating func addCorrection(_ invoice: Invoice) -> String? {
    let content = invoice.content
    guard let place = places[content.corrects], place.tenant == content.tenant,
      let bill = bills[place.tenant]?[place.index],
      content.from == bill.from, content.through == bill.through,
      Self.quantities(content) == place.said
    else { return "invoice \(invoice.number) is not for the usage of \(content.corrects)" }
    places[invoice.number] = place
    return nil
  }

  /// What a document bills, by price version.
  static func quantities(_ content: InvoiceDraft) -> [String: Int64] {
    var sums: [String: Int64] = [:]
    // Parts of balances that fit 64 bits; of a forged document the wrong sum is as wrong.
    for line in content.lines { sums[line.priceVersion, default: 0] &+= line.quantity.value }
    return sums.filter { $0.value != 0 }
  }

  /// Takes a row of usage.
  mutating func use(
    tenant: String, cut: Int64, quarter: Int64, priceVersion: String, gflop: Int64
  ) {
    guard let slot = bills.index(forKey: tenant) else { return }
    var (low, high) = (0, bills.values[slot].count)
    // Ends and cuts only grow.
    while low < high {
      let middle = (low + high) / 2
      let bill = bills.values[slot][middle]
      if bill.through.cut > cut, bill.end > quarter { high = middle } else { low = middle + 1 }
    }
    // What is on no invoice yet is on the next.
    guard low < bills.values[slot].count else { return }
    bills.values[slot][low].used[priceVersion, default: 0] &+= gflop
  }

  /// The first invoice whose quantities are not what was used, once all usage was taken.
  var misfit: String? {
    for (_, own) in bills.sorted(by: { $0.key < $1.key }) {
      for bill in own {
        let used = bill.used.filter { $0.value != 0 }
        guard used != bill.said else { continue }
        let versions = Set(used.keys).union(bill.said.keys).sorted()
        for version in versions where used[version] != bill.said[version] {
          return "invoice \(bill.number) bills \(bill.said[version] ?? 0) GFLOP at price "
            + "\(version), \(used[version] ?? 0) were used"
        }
      }
    }
    return nil
  }
}
