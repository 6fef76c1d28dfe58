import API
import ComputeDomain
import Crypto
import RPC

// Entries of the ledger as messages, both ways: what is exported must verify.

extension ComputeLedgerEntry {
  init(_ entry: Entry) {
    self.init()
    let content = entry.content
    sequence = entry.sequence
    cause = content.cause.rawValue
    idempotencyKey = content.idempotencyKey
    tenant = content.tenant
    useCaseId = content.useCase
    participantId = content.participant
    runId = content.run
    actor = content.actor
    trace = content.trace
    time = content.time
    provenance = content.meter?.provenance.rawValue ?? ""
    meter = content.meter?.name ?? ""
    mark = content.mark.map { ComputeLedgerRunMark($0) }
    price = content.price.map { ComputeLedgerPrice($0) }
    postings = content.postings.map { ComputeLedgerPosting($0) }
    previous = entry.previous.hex
    digest = entry.digest.hex
  }
}

extension ComputeLedgerRunMark {
  fileprivate init(_ mark: RunMark) {
    self.init()
    (state, stateWords) = mark.state.stored
    counterGflop = mark.counter.value
    usedGflop = mark.used.value
    heldGflop = mark.held.value
    lateGflop = mark.lateAllowance.value
    lastReportTime = mark.lastReport
    meteredTime = mark.metered
    endTime = mark.ended
  }
}

extension ComputeLedgerPrice {
  fileprivate init(_ price: Price) {
    self.init()
    version = price.version
    validFrom = price.validFrom
    nanoEuroPerGflop = price.nanoEuroPerGFLOP
  }
}

extension ComputeLedgerPosting {
  fileprivate init(_ posting: Posting) {
    self.init()
    kind = posting.account.kind.rawValue
    participantId = posting.account.participant
    priceVersion = posting.account.priceVersion
    gflop = posting.amount.value
  }
}

extension Entry {
  /// Reads an exported entry.
  ///
  /// - Throws: `EntryDamage` for words that no entry has; whether it fits, `LedgerVerifier` tells.
  init(_ message: ComputeLedgerEntry) throws(EntryDamage) {
    guard let cause = Cause(rawValue: message.cause),
      let previous = Digest(hex: message.previous), let digest = Digest(hex: message.digest)
    else { throw EntryDamage() }
    var meter: Meter?
    if !message.provenance.isEmpty || !message.meter.isEmpty {
      guard let provenance = Provenance(rawValue: message.provenance) else {
        throw EntryDamage()
      }
      meter = Meter(provenance: provenance, name: message.meter)
    }
    var mark: RunMark?
    if let message = message.mark { mark = try RunMark(message) }
    var postings: [Posting] = []
    for posting in message.postings {
      guard let kind = AccountKind(rawValue: posting.kind) else { throw EntryDamage() }
      let account = Account(
        kind: kind, useCase: message.useCaseId, participant: posting.participantId,
        priceVersion: posting.priceVersion)
      postings.append(Posting(account: account, amount: GFLOP(posting.gflop)))
    }
    let content = EntryDraft(
      cause: cause, idempotencyKey: message.idempotencyKey, tenant: message.tenant,
      useCase: message.useCaseId, participant: message.participantId, run: message.runId,
      actor: message.actor, meter: meter, mark: mark,
      price: message.price.map {
        Price(
          version: $0.version, validFrom: $0.validFrom, nanoEuroPerGFLOP: $0.nanoEuroPerGflop)
      }, trace: message.trace, time: message.time, postings: postings)
    self.init(sequence: message.sequence, content: content, previous: previous, digest: digest)
  }
}

extension RunMark {
  fileprivate init(_ message: ComputeLedgerRunMark) throws(EntryDamage) {
    guard let state = RunState(name: message.state, words: message.stateWords) else {
      throw EntryDamage()
    }
    self.init(
      state: state, counter: GFLOP(message.counterGflop), used: GFLOP(message.usedGflop),
      held: GFLOP(message.heldGflop), lateAllowance: GFLOP(message.lateGflop),
      lastReport: message.lastReportTime, metered: message.meteredTime, ended: message.endTime)
  }
}
