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
