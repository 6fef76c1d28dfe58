/// An account of a book while it is at hand: found by numbers rather than by names.
struct AccountPlace: Equatable {
  let kind: AccountKind
  /// Whose it is, as `BookAccounts` numbers the participants; -1 for the use case as a whole.
  let part: Int

  static func whole(_ kind: AccountKind) -> AccountPlace { AccountPlace(kind: kind, part: -1) }
}

/// Postings in the making: moves between accounts, summed per account.
///
/// An entry has a handful of legs, so that looking through them is quicker than hashing them.
struct Transfer {
  struct Leg {
    let account: AccountPlace
    var amount: GFLOP
  }

  /// The participant whose accounts are meant where a move names none.
  let part: Int
  /// The price of what comes to `used`.
  var priceVersion = ""
  /// In the order of their kinds.
  private(set) var legs: [Leg] = []

  init(of part: Int = -1) { self.part = part }

  /// Takes `amount` from one account and gives it to another; nothing if zero.
  mutating func move(
    _ amount: GFLOP, from source: AccountPlace, to destination: AccountPlace
  ) throws(QuantityError) {
    guard amount != .zero else { return }
    try add(GFLOP.zero - amount, to: source)
    try add(amount, to: destination)
  }

  /// As the other, between accounts of the transfer's own participant and of the whole.
  mutating func move(
    _ amount: GFLOP, from source: AccountKind, to destination: AccountKind
  ) throws(QuantityError) {
    try move(amount, from: account(source), to: account(destination))
  }

  private mutating func add(_ amount: GFLOP, to account: AccountPlace) throws(QuantityError) {
    for index in legs.indices where legs[index].account == account {
      legs[index].amount = try legs[index].amount + amount
      return
    }
    if legs.isEmpty { legs.reserveCapacity(6) }
    let place = legs.firstIndex { $0.account.kind.code > account.kind.code } ?? legs.count
    legs.insert(Leg(account: account, amount: amount), at: place)
  }

  private func account(_ kind: AccountKind) -> AccountPlace {
    AccountPlace(kind: kind, part: kind.isOfParticipant ? part : -1)
  }

  /// What the moves so far change of an account.
  func change(of kind: AccountKind) -> GFLOP {
    let account = account(kind)
    for leg in legs where leg.account == account { return leg.amount }
    return .zero
  }
}
