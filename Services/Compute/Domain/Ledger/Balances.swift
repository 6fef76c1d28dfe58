/// Balances of accounts; one that is not listed is zero.
public struct Balances: Sendable, Equatable {
  public private(set) var byAccount: [Account: GFLOP]

  public init(_ byAccount: [Account: GFLOP] = [:]) { self.byAccount = byAccount }

  public subscript(account: Account) -> GFLOP { byAccount[account] ?? .zero }

  /// Adds the postings, all or, when one does not fit, none.
  ///
  /// - Parameter postings: each of another account.
  /// - Throws: when a balance would leave 64 bits or its side of zero.
  public mutating func apply(_ postings: [Posting]) throws(LedgerFault) {
    for posting in postings { _ = try balance(after: posting) }
    for posting in postings {
      byAccount[posting.account] = try balance(after: posting)
    }
  }

  private func balance(after posting: Posting) throws(LedgerFault) -> GFLOP {
    let balance: GFLOP
    do { balance = try self[posting.account] + posting.amount } catch {
      throw .overflow(account: posting.account)
    }
    let isOnItsSide = posting.account.kind.isSource ? balance <= .zero : balance >= .zero
    guard isOnItsSide else { throw .wrongSide(account: posting.account, balance: balance) }
    return balance
  }

  /// The sum over the accounts that `isIncluded` picks.
  public func sum(
    where isIncluded: (Account) -> Bool
  ) throws(QuantityError) -> GFLOP {
    var sum = GFLOP.zero
    for (account, balance) in byAccount where isIncluded(account) { sum = try sum + balance }
    return sum
  }
}

/// Postings in the making: moves between accounts, summed per account.
///
/// An entry has a handful of legs, so that looking through them is quicker than hashing them.
struct Transfer {
  private var legs: [Posting] = []

  /// Takes `amount` from one account and gives it to another; nothing if zero.
  mutating func move(
    _ amount: GFLOP, from source: Account, to destination: Account
  ) throws(QuantityError) {
    guard amount != .zero else { return }
    try add(GFLOP.zero - amount, to: source)
    try add(amount, to: destination)
  }

  private mutating func add(_ amount: GFLOP, to account: Account) throws(QuantityError) {
    guard let index = legs.firstIndex(where: { $0.account == account }) else {
      legs.append(Posting(account: account, amount: amount))
      return
    }
    legs[index] = Posting(account: account, amount: try legs[index].amount + amount)
  }

  /// What the moves so far change of an account.
  func change(of account: Account) -> GFLOP {
    legs.first { $0.account == account }?.amount ?? .zero
  }

  /// The legs that change something, in the order of the accounts.
  var postings: [Posting] {
    var changing = legs.filter { $0.amount != .zero }
    changing.sort { $0.account < $1.account }
    return changing
  }
}
