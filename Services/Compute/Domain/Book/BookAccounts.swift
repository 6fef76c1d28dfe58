/// The accounts of one use case: each answers in constant time, and a report touches one
/// participant's, which is found once.
public struct BookAccounts: Sendable, Equatable {
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
      try apply([Posting(account: account, amount: balance)])
    }
  }

  // MARK: - Asking

  func place(of participant: String) -> Int? { places[participant] }

  /// One balance; of a participant's `used`, at all prices.
  func balance(_ kind: AccountKind, _ participant: String) -> GFLOP {
    guard !participant.isEmpty else { return whole[Int(kind.code)] }
    guard let place = places[participant] else { return .zero }
    switch kind {
    case .allocation: return parts[place].allocation
    case .held: return parts[place].held
    case .unfunded: return parts[place].unfunded
    case .writtenOff: return parts[place].writtenOff
    case .used: return parts[place].used
    case .granted, .unallocated, .reserve, .released: return .zero
    }
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

  /// Adds the postings, each to another account: all or, when one does not fit, none.
  mutating func apply(_ postings: [Posting]) throws(LedgerFault) {
    // Most entries touch one participant, which is looked for once.
    var participant = ""
    var place = -1
    for isChecking in [true, false] {
      for posting in postings {
        let account = posting.account
        if account.participant != participant {
          participant = account.participant
          place = participant.isEmpty ? -1 : self.place(making: participant)
        }
        let after = try balance(after: posting, at: place)
        if !isChecking { try set(account, to: after, adding: posting.amount, at: place) }
      }
    }
  }

  private func balance(
    after posting: Posting, at place: Int
  ) throws(LedgerFault) -> GFLOP {
    let account = posting.account
    guard account.useCase == useCase else { throw .foreignAccount(account) }
    // What all have used together is also room for each of them.
    let isUsage = account.kind == .used
    guard !isUsage || (try? used + posting.amount) != nil,
      let after = try? balance(of: account, at: place) + posting.amount
    else { throw .overflow(account: account) }
    let isOnItsSide = account.kind.isSource ? after <= .zero : after >= .zero
    guard isOnItsSide else { throw .wrongSide(account: account, balance: after) }
    return after
  }

  private func balance(of account: Account, at place: Int) -> GFLOP {
    guard place >= 0 else { return whole[Int(account.kind.code)] }
    switch account.kind {
    case .allocation: return parts[place].allocation
    case .held: return parts[place].held
    case .unfunded: return parts[place].unfunded
    case .writtenOff: return parts[place].writtenOff
    case .used:
      return parts[place].usedByPrice.first { $0.priceVersion == account.priceVersion }?.used
        ?? .zero
    case .granted, .unallocated, .reserve, .released: return .zero
    }
  }

  private mutating func set(
    _ account: Account, to after: GFLOP, adding amount: GFLOP, at place: Int
  ) throws(LedgerFault) {
    guard place >= 0 else {
      whole[Int(account.kind.code)] = after
      return
    }
    switch account.kind {
    case .allocation: parts[place].allocation = after
    case .held: parts[place].held = after
    case .unfunded: parts[place].unfunded = after
    case .writtenOff: parts[place].writtenOff = after
    case .used: try addUsage(Posting(account: account, amount: amount), after, at: place)
    case .granted, .unallocated, .reserve, .released: throw .foreignAccount(account)
    }
  }

  private mutating func addUsage(
    _ posting: Posting, _ after: GFLOP, at place: Int
  ) throws(LedgerFault) {
    do throws(QuantityError) {
      used = try used + posting.amount
      parts[place].used = try parts[place].used + posting.amount
    } catch {
      throw .overflow(account: posting.account)
    }
    let version = posting.account.priceVersion
    if let index = parts[place].usedByPrice.firstIndex(where: { $0.priceVersion == version }) {
      parts[place].usedByPrice[index].used = after
    } else {
      parts[place].usedByPrice.append(PricedUsage(priceVersion: version, used: after))
    }
  }

  private mutating func place(making participant: String) -> Int {
    if let place = places[participant] { return place }
    places[participant] = parts.count
    parts.append(Part(participant: participant))
    return parts.count - 1
  }
}
