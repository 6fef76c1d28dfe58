/// The accounts of one use case: each answers in constant time, and a report touches one
/// participant's, which is found once.
public struct BookAccounts: Sendable {
  /// A participant's accounts.
  struct Part: Sendable, Equatable {
    let participant: String
    var allocation = GFLOP.zero
    var held = GFLOP.zero
    var unfunded = GFLOP.zero
    var writtenOff = GFLOP.zero
    /// At all prices.
    var used = GFLOP.zero
    /// Where the share is.
    var status: AllocationStatus {
      get throws(QuantityError) {
        try AllocationStatus(used: used, held: held, free: allocation)
      }
    }

    /// A handful: the prices that were in force while it used compute.
    var usedByPrice: [PricedUsage] = []

    /// One balance; of `used` the one at the price.
    func balance(_ kind: AccountKind, at priceVersion: String) -> GFLOP {
      switch kind {
      case .allocation: return allocation
      case .held: return held
      case .unfunded: return unfunded
      case .writtenOff: return writtenOff
      case .used: return place(of: priceVersion).map { usedByPrice[$0].used } ?? .zero
      case .granted, .unallocated, .reserve, .released: return .zero
      }
    }

    /// Adds to a balance, which has been found to have room.
    mutating func add(_ amount: GFLOP, to kind: AccountKind, at priceVersion: String) {
      switch kind {
      case .allocation: allocation = GFLOP(allocation.value + amount.value)
      case .held: held = GFLOP(held.value + amount.value)
      case .unfunded: unfunded = GFLOP(unfunded.value + amount.value)
      case .writtenOff: writtenOff = GFLOP(writtenOff.value + amount.value)
      case .used:
        used = GFLOP(used.value + amount.value)
        if let place = place(of: priceVersion) {
          usedByPrice[place].used = GFLOP(usedByPrice[place].used.value + amount.value)
        } else {
          usedByPrice.append(PricedUsage(priceVersion: priceVersion, used: amount))
        }
      case .granted, .unallocated, .reserve, .released: break
      }
    }

    private func place(of priceVersion: String) -> Int? {
      usedByPrice.firstIndex { $0.priceVersion == priceVersion }
    }
  }

  struct PricedUsage: Sendable, Equatable {
    let priceVersion: String
    var used: GFLOP
  }

  let useCase: String
  /// The accounts of the use case as a whole, by the code of their kind.
  private var whole = [GFLOP](repeating: .zero, count: 16)
  private(set) var parts: [Part] = []
  private var places: [String: Int] = [:]
  /// What all participants have used.
  private(set) var used = GFLOP.zero

  init(useCase: String) { self.useCase = useCase }

  /// The accounts with these balances.
  ///
  /// - Throws: when one is on the wrong side of zero, or their sums leave 64 bits.
  init(useCase: String, _ balances: Balances) throws(LedgerFault) {
    self.init(useCase: useCase)
    for (account, balance) in balances.byAccount {
      guard account.useCase == useCase, account.kind.isOfParticipant != account.participant.isEmpty
      else { throw .foreignAccount(account) }
      let part = account.participant.isEmpty ? -1 : place(making: account.participant)
      let leg = Transfer.Leg(
        account: AccountPlace(kind: account.kind, part: part), amount: balance)
      try check(leg, account.priceVersion)
      add(leg, account.priceVersion)
    }
  }

  // MARK: - Asking

  func place(of participant: String) -> Int? { places[participant] }

  /// One balance; of a participant's `used`, at all prices.
  func balance(_ kind: AccountKind, _ participant: String) -> GFLOP {
    guard !participant.isEmpty else { return whole[Int(kind.code)] }
    guard let place = places[participant] else { return .zero }
    return balance(kind, at: place)
  }

  /// One balance of the participant at the place.
  func balance(_ kind: AccountKind, at place: Int) -> GFLOP {
    kind == .used ? parts[place].used : parts[place].balance(kind, at: "")
  }

  /// Every balance, by account.
  public var balances: Balances {
    var byAccount: [Account: GFLOP] = [:]
    for kind in AccountKind.allCases where whole[Int(kind.code)] != .zero {
      byAccount[Account(kind: kind, useCase: useCase)] = whole[Int(kind.code)]
    }
    for part in parts { for line in balances(of: part) { byAccount[line.account] = line.amount } }
    return Balances(byAccount)
  }

  /// A participant's balances, or those of the whole for ""; zeros too, once they were not.
  public func balances(of participant: String) -> [Posting] {
    guard participant.isEmpty else {
      return places[participant].map { balances(of: parts[$0]) } ?? []
    }
    let kinds: [AccountKind] = [.granted, .unallocated, .reserve, .released]
    return kinds.map {
      Posting(account: Account(kind: $0, useCase: useCase), amount: whole[Int($0.code)])
    }
  }

  private func balances(of part: Part) -> [Posting] {
    var plain: [(AccountKind, GFLOP)] = [(.allocation, part.allocation), (.held, part.held)]
    // These never come back to zero, and hardly ever leave it.
    if part.writtenOff != .zero {
      plain += [(.unfunded, part.unfunded), (.writtenOff, part.writtenOff)]
    }
    return plain.map {
      Posting(
        account: Account(kind: $0.0, useCase: useCase, participant: part.participant),
        amount: $0.1)
    }
      + part.usedByPrice.map {
        Posting(
          account: Account(
            kind: .used, useCase: useCase, participant: part.participant,
            priceVersion: $0.priceVersion), amount: $0.used)
      }
  }

  // MARK: - Changing

  /// The place of a participant's accounts, made if they are its first.
  mutating func place(making participant: String) -> Int {
    if let place = places[participant] { return place }
    places[participant] = parts.count
    parts.append(Part(participant: participant))
    return parts.count - 1
  }

  /// Adds the legs: all or, when one does not fit, none.
  mutating func apply(_ transfer: Transfer) throws(LedgerFault) {
    for leg in transfer.legs { try check(leg, transfer.priceVersion) }
    for leg in transfer.legs { add(leg, transfer.priceVersion) }
  }

  /// The legs that change something, in the order of the accounts.
  func postings(of transfer: Transfer) -> [Posting] {
    var postings: [Posting] = []
    postings.reserveCapacity(transfer.legs.count)
    for leg in transfer.legs where leg.amount != .zero {
      postings.append(
        Posting(account: account(leg.account, transfer.priceVersion), amount: leg.amount))
    }
    // Of one participant's there is one of each kind, and so they are in order.
    if transfer.part < 0 { postings.sort { $0.account < $1.account } }
    return postings
  }

  private func account(_ place: AccountPlace, _ priceVersion: String) -> Account {
    Account(
      kind: place.kind, useCase: useCase,
      participant: place.part < 0 ? "" : parts[place.part].participant,
      priceVersion: place.kind == .used ? priceVersion : "")
  }

  /// - Throws: when the balance after the leg would leave 64 bits or its side of zero.
  private func check(_ leg: Transfer.Leg, _ priceVersion: String) throws(LedgerFault) {
    let (kind, part) = (leg.account.kind, leg.account.part)
    let before =
      part < 0 ? whole[Int(kind.code)] : parts[part].balance(kind, at: priceVersion)
    let (after, overflow) = before.value.addingReportingOverflow(leg.amount.value)
    // What all have used together is also room for each of them.
    guard !overflow,
      kind != .used || !used.value.addingReportingOverflow(leg.amount.value).overflow
    else { throw .overflow(account: account(leg.account, priceVersion)) }
    guard kind.isSource ? after <= 0 : after >= 0 else {
      throw .wrongSide(account: account(leg.account, priceVersion), balance: GFLOP(after))
    }
  }

  private mutating func add(_ leg: Transfer.Leg, _ priceVersion: String) {
    let (kind, part) = (leg.account.kind, leg.account.part)
    guard part >= 0 else {
      whole[Int(kind.code)] = GFLOP(whole[Int(kind.code)].value + leg.amount.value)
      return
    }
    parts[part].add(leg.amount, to: kind, at: priceVersion)
    if kind == .used { used = GFLOP(used.value + leg.amount.value) }
  }
}

extension BookAccounts: Equatable {
  /// Whether all balances are the same, in whatever order they came about.
  public static func == (a: BookAccounts, b: BookAccounts) -> Bool {
    func nonzero(_ accounts: BookAccounts) -> [Account: GFLOP] {
      accounts.balances.byAccount.filter { $0.value != .zero }
    }
    return a.useCase == b.useCase && nonzero(a) == nonzero(b)
  }
}
