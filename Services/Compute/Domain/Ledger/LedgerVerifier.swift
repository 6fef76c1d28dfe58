import Crypto

/// What does not fit in a ledger.
public enum LedgerFault: Error, Equatable, Sendable, CustomStringConvertible {
  case sequence(expected: Int64)
  case predecessor
  case digest
  case unbalanced(sum: String)
  case noPostings
  case overflow(account: Account)
  case wrongSide(account: Account, balance: GFLOP)
  case foreignAccount(Account)
  case unexpectedAccount(Account, cause: Cause)
  case repeatedKey(String)
  case usageWithoutPrice
  case priceVersionMismatch(Account)
  case priceChanged(version: String)
  case heldOfRun(String, GFLOP)
  case repeatedAccount(Account)
  case foreignTenant(String)
  case missingMark
  case markOfRun(String)
  case overBudget(useCase: String)

  public var description: String {
    switch self {
    case .sequence(let expected): "its number should be \(expected): an entry is missing or added"
    case .predecessor: "it does not name the digest of the entry before it"
    case .digest: "its content does not give its digest: it was changed after it was written"
    case .unbalanced(let sum): "its postings sum to \(sum) GFLOP, not to zero"
    case .noPostings: "it has no postings"
    case .overflow(let account): "the balance of \(account) leaves 64 bits"
    case .wrongSide(let account, let balance):
      "the balance of \(account) becomes \(balance.value) GFLOP, on the wrong side of zero"
    case .foreignAccount(let account):
      "it posts to \(account), which is not its use case's or participant's"
    case .unexpectedAccount(let account, let cause):
      "an entry of cause \(cause.rawValue) may not post to \(account)"
    case .repeatedKey(let key): "the idempotency key \(key) was used by its tenant before"
    case .usageWithoutPrice: "it has usage but names no price"
    case .priceVersionMismatch(let account):
      "it posts usage to \(account), which is another price version than it names"
    case .priceChanged(let version):
      "the price \(version) is not what earlier entries say that it is"
    case .heldOfRun(let run, let held):
      "run \(run) would hold \(held.value) GFLOP, which is below zero"
    case .repeatedAccount(let account): "it posts to \(account) more than once"
    case .foreignTenant(let tenant): "it is of the tenant \(tenant), whose chain is another one"
    case .missingMark: "it is about a run, and does not say how the run is then"
    case .markOfRun(let run):
      "what it says that run \(run) has used and holds is not what its postings come to"
    case .overBudget(let useCase): "used and held of \(useCase) exceed its budget"
    }
  }
}

/// Replays a tenant's chain from its first entry, and finds the first that does not fit.
///
/// It needs nothing but the entries, in order, and so works offline and in bounded time per entry.
public struct LedgerVerifier: Sendable {
  public private(set) var head = LedgerHead.empty
  public private(set) var balances = Balances()
  /// What each live run holds; runs that hold nothing are not listed.
  public private(set) var heldByRun: [String: GFLOP] = [:]
  /// All that each run has used.
  public private(set) var usedByRun: [String: GFLOP] = [:]
  /// The prices that entries name, by version.
  public private(set) var prices: [String: Price] = [:]

  /// The tenant of the first entry.
  private var tenant: String?
  /// Of each idempotency key the digest, which is shorter.
  private var keys: Set<Digest> = []
  private var standings: [String: Standing] = [:]

  /// A use case's budget and what of it is committed.
  private struct Standing {
    var budget = GFLOP.zero
    var committed = GFLOP.zero
  }

  public init() {}

  /// Takes the next entry, or says why it does not fit. After a fault nothing more is taken.
  public mutating func check(_ entry: Entry) throws(LedgerFault) {
    try checkPlace(entry)
    let content = entry.content
    guard content.tenant == tenant ?? content.tenant else {
      throw .foreignTenant(content.tenant)
    }
    tenant = content.tenant
    try checkPostings(content)
    guard keys.insert(SHA256.hash(content.idempotencyKey)).inserted else {
      throw .repeatedKey(content.idempotencyKey)
    }
    try checkPrice(content)
    try balances.apply(content.postings)
    try checkRun(content)
    try checkBudget(content)
    head = entry.head
  }

  private func checkPlace(_ entry: Entry) throws(LedgerFault) {
    guard entry.sequence == head.sequence + 1 else {
      throw .sequence(expected: head.sequence + 1)
    }
    guard entry.previous == head.digest else { throw .predecessor }
    let bytes = EntryCoding.encode(entry.content, sequence: entry.sequence)
    let digest = EntryCoding.digest(of: bytes, after: entry.previous)
    guard entry.digest == digest else { throw .digest }
  }

  private func checkPostings(_ content: EntryDraft) throws(LedgerFault) {
    guard !content.postings.isEmpty || content.cause.mayBeWithoutPostings else {
      throw .noPostings
    }
    let sum = content.postings.reduce(Int128(0)) { $0 + Int128($1.amount.value) }
    guard sum == 0 else { throw .unbalanced(sum: "\(sum)") }
    var accounts: Set<Account> = []
    for posting in content.postings {
      let account = posting.account
      guard accounts.insert(account).inserted else { throw .repeatedAccount(account) }
      guard account.useCase == content.useCase,
        account.participant.isEmpty || content.participant.isEmpty
          || account.participant == content.participant
      else { throw .foreignAccount(account) }
      guard content.cause.mayPost(to: account.kind) else {
        throw .unexpectedAccount(account, cause: content.cause)
      }
    }
  }

  private mutating func checkPrice(_ content: EntryDraft) throws(LedgerFault) {
    if let price = content.price {
      guard prices[price.version, default: price] == price else {
        throw .priceChanged(version: price.version)
      }
      prices[price.version] = price
    }
    for posting in content.postings where posting.account.kind == .used {
      guard let price = content.price else { throw .usageWithoutPrice }
      guard posting.account.priceVersion == price.version else {
        throw .priceVersionMismatch(posting.account)
      }
    }
  }

  private mutating func checkRun(_ content: EntryDraft) throws(LedgerFault) {
    let id = content.run
    guard !id.isEmpty else { return }
    for posting in content.postings {
      switch posting.account.kind {
      case .held:
        let held = try sum(heldByRun[id], posting)
        guard held >= .zero else { throw .heldOfRun(id, held) }
        heldByRun[id] = held == .zero ? nil : held
      case .used:
        usedByRun[id] = try sum(usedByRun[id], posting)
      default: break
      }
    }
    guard let mark = content.mark else { throw .missingMark }
    guard mark.held == heldByRun[id] ?? .zero, mark.used == usedByRun[id] ?? .zero,
      mark.counter >= mark.used
    else { throw .markOfRun(id) }
  }

  private mutating func checkBudget(_ content: EntryDraft) throws(LedgerFault) {
    var standing = standings[content.useCase] ?? Standing()
    for posting in content.postings {
      switch posting.account.kind {
      case .granted, .released: standing.budget = try difference(standing.budget, posting)
      case .held, .used: standing.committed = try sum(standing.committed, posting)
      default: break
      }
    }
    guard standing.committed <= standing.budget else {
      throw .overBudget(useCase: content.useCase)
    }
    standings[content.useCase] = standing
  }

  private func sum(_ balance: GFLOP?, _ posting: Posting) throws(LedgerFault) -> GFLOP {
    do { return try (balance ?? .zero) + posting.amount } catch {
      throw .overflow(account: posting.account)
    }
  }

  private func difference(_ balance: GFLOP, _ posting: Posting) throws(LedgerFault) -> GFLOP {
    do { return try balance - posting.amount } catch {
      throw .overflow(account: posting.account)
    }
  }
}

extension Cause {
  /// Whether an entry may tell of a change of state that moves nothing: of a run that is paused or
  /// has expired.
  fileprivate var mayBeWithoutPostings: Bool {
    [.runPaused, .runStopped, .runFinished, .runVoided].contains(self)
  }

  /// Whether an entry of this cause may touch accounts of the kind.
  fileprivate func mayPost(to kind: AccountKind) -> Bool {
    switch self {
    case .budgetChanged: [.granted, .unallocated, .allocation, .released].contains(kind)
    case .toppedUp: [.granted, .reserve, .allocation].contains(kind)
    case .allocationSet: [.unallocated, .reserve, .allocation].contains(kind)
    case .transferred: kind == .allocation
    case .reserveSet: [.unallocated, .reserve].contains(kind)
    case .runStarted, .runResumed: [.allocation, .held].contains(kind)
    // A hold that is settled may have outlived a reduction of the budget, so that what comes
    // back goes on to the organisation.
    case .runVoided, .runExpired, .runStopped, .runPaused:
      [.allocation, .held, .unallocated, .released].contains(kind)
    case .usageReported, .runFinished: kind != .granted && kind != .reserve
    }
  }
}
