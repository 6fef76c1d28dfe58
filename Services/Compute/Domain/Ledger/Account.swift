/// What an account of the ledger stands for.
///
/// Compute flows `granted → unallocated → allocation → held → used`, and `granted → reserve →
/// allocation` where an organiser adds to the plan; back from `held` to `allocation` when a hold
/// is settled, and from `unallocated` to `released` when a budget shrinks.
public enum AccountKind: String, Sendable, Hashable, CaseIterable {
  /// Where a use case's budget comes from; never above zero.
  case granted
  /// Budget that waits for those who have not joined yet.
  case unallocated
  /// Budget that the organiser keeps back, and hands out by hand.
  case reserve
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

  /// Whether each participant has such an account, and else the use case as a whole.
  var isOfParticipant: Bool {
    switch self {
    case .allocation, .held, .used, .unfunded, .writtenOff: true
    case .granted, .unallocated, .reserve, .released: false
    }
  }

  /// The number by which entries name the kind, and by which postings are sorted; never changed.
  var code: UInt8 {
    switch self {
    case .granted: 1
    case .unallocated: 2
    case .reserve: 3
    case .allocation: 4
    case .held: 5
    case .used: 6
    case .released: 7
    case .unfunded: 8
    case .writtenOff: 9
    }
  }

  /// The kind of a number; `nil` for one that no kind has.
  init?(code: UInt8) {
    guard let kind = Self.allCases.first(where: { $0.code == code }) else { return nil }
    self = kind
  }
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

  /// Leaves out the use case, which hardly ever tells two accounts of one table apart.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(kind.code)
    hasher.combine(participant)
    hasher.combine(priceVersion)
  }
}

extension Account: Comparable, CustomStringConvertible {
  /// "used/uc_1/par_2/standard-1".
  public var description: String {
    "\(kind.rawValue)/\(useCase)/\(participant)/\(priceVersion)"
  }

  public static func < (a: Account, b: Account) -> Bool {
    if a.kind != b.kind { return a.kind.code < b.kind.code }
    if a.useCase != b.useCase { return a.useCase < b.useCase }
    if a.participant != b.participant { return a.participant < b.participant }
    return a.priceVersion < b.priceVersion
  }
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
