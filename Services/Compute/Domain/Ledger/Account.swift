/// What an account of the ledger stands for.
///
/// Compute flows `granted → unallocated → allocation → held → used`; back from `held` to
/// `allocation` when a hold is settled, and from `unallocated` to `released` when a budget shrinks.
public enum AccountKind: String, Sendable, Hashable, CaseIterable {
  /// Where a use case's budget comes from; never above zero.
  case granted
  /// Budget that no participant has.
  case unallocated
  /// A participant's free balance.
  case allocation
  /// Reserved for a participant's live runs.
  case held
  /// Consumed, and billed at the account's price version.
  case used
  /// Budget given back to the organisation.
  case released
  /// The other side of `writtenOff`; never above zero.
  case unfunded
  /// Reported beyond what the allocation covered: known, never billed.
  case writtenOff

  /// Whether the balance may only be zero or below: the accounts that others draw from.
  var isSource: Bool { self == .granted || self == .unfunded }
}

/// One account: a kind, within a use case, perhaps a participant's, perhaps at one price version.
public struct Account: Sendable, Hashable {
  public let kind: AccountKind
  public let useCase: String
  /// Empty for the accounts of the use case as a whole.
  public let participant: String
  /// Empty except for `used`.
  public let priceVersion: String

  public init(
    kind: AccountKind, useCase: String, participant: String = "", priceVersion: String = ""
  ) {
    self.kind = kind
    self.useCase = useCase
    self.participant = participant
    self.priceVersion = priceVersion
  }
}

extension Account: Comparable, CustomStringConvertible {
  /// "used/uc_1/par_2/standard-1".
  public var description: String {
    "\(kind.rawValue)/\(useCase)/\(participant)/\(priceVersion)"
  }

  public static func < (a: Account, b: Account) -> Bool { a.description < b.description }
}

/// One leg of an entry: how an account's balance changes.
public struct Posting: Sendable, Hashable {
  public let account: Account
  public let amount: GFLOP

  public init(account: Account, amount: GFLOP) {
    self.account = account
    self.amount = amount
  }
}

/// Balances of accounts; one that is not listed is zero.
public struct Balances: Sendable, Equatable {
  public private(set) var byAccount: [Account: GFLOP]

  public init(_ byAccount: [Account: GFLOP] = [:]) { self.byAccount = byAccount }

  public subscript(account: Account) -> GFLOP { byAccount[account] ?? .zero }

  /// Adds the postings; each balance must stay on its side of zero.
  public mutating func apply(_ postings: [Posting]) throws(LedgerFault) {
    for posting in postings {
      let balance: GFLOP
      do { balance = try self[posting.account] + posting.amount } catch {
        throw .overflow(account: posting.account)
      }
      let isOnItsSide = posting.account.kind.isSource ? balance <= .zero : balance >= .zero
      guard isOnItsSide else { throw .wrongSide(account: posting.account, balance: balance) }
      byAccount[posting.account] = balance
    }
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
struct Transfer {
  private var amounts: [Account: GFLOP] = [:]

  /// Takes `amount` from one account and gives it to another; nothing if zero.
  mutating func move(_ amount: GFLOP, from source: Account, to destination: Account)
    throws(QuantityError)
  {
    amounts[source] = try (amounts[source] ?? .zero) - amount
    amounts[destination] = try (amounts[destination] ?? .zero) + amount
  }

  /// The legs that change something, in the order of the accounts.
  var postings: [Posting] {
    amounts.filter { $0.value != .zero }.map { Posting(account: $0.key, amount: $0.value) }
      .sorted { $0.account < $1.account }
  }
}
