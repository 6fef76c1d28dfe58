import Crypto

/// Why an entry was made.
public enum Cause: String, Sendable, Hashable, CaseIterable {
  case budgetChanged = "budget-changed"
  /// Compute was added beyond the plan.
  case toppedUp = "topped-up"
  /// A participant's share was set by hand.
  case allocationSet = "allocation-set"
  /// Compute went from one participant to another.
  case transferred = "transferred"
  /// The reserve was set.
  case reserveSet = "reserve-set"
  case runStarted = "run-started"
  case usageReported = "usage-reported"
  case runPaused = "run-paused"
  case runResumed = "run-resumed"
  /// Settled: the rest of the hold went back.
  case runFinished = "run-finished"
  /// Settled with nothing used at all.
  case runVoided = "run-voided"
  case runStopped = "run-stopped"
  case runExpired = "run-expired"
}

/// How the number of a usage report came about.
public enum Provenance: String, Sendable, Hashable, CaseIterable {
  /// Read from a meter outside the participant's process.
  case measured
  case estimated
  /// The participant's own word.
  case declared
}

/// Where a usage figure comes from.
public struct Meter: Sendable, Hashable {
  public let provenance: Provenance
  /// Name of the meter, "nvml"; may be empty for what is declared.
  public let name: String

  public init(provenance: Provenance, name: String) {
    self.provenance = provenance
    self.name = name
  }
}

/// What one command does to the ledger, before it has its place in it.
public struct EntryDraft: Sendable, Equatable {
  public var cause: Cause
  /// Unique within `tenant`.
  public var idempotencyKey: String
  /// The tenant that pays: the use case's owner.
  public var tenant: String
  public var useCase: String
  /// Empty when the entry concerns more than one participant, or none.
  public var participant: String
  /// Empty when the entry concerns no run.
  public var run: String
  /// Who asked: a user's id or a service's name.
  public var actor: String
  /// Set for causes that bring usage.
  public var meter: Meter?
  /// The run after the entry; set when there is one.
  public var mark: RunMark?
  /// The price at which the usage of this entry is billed.
  public var price: Price?
  /// W3C trace id, hexadecimal.
  public var trace: String
  /// Unix milliseconds.
  public var time: Int64
  /// Sum to zero.
  public var postings: [Posting]

  public init(
    cause: Cause, idempotencyKey: String, tenant: String, useCase: String, participant: String,
    run: String, actor: String, meter: Meter?, mark: RunMark?, price: Price?, trace: String,
    time: Int64, postings: [Posting]
  ) {
    self.cause = cause
    self.idempotencyKey = idempotencyKey
    self.tenant = tenant
    self.useCase = useCase
    self.participant = participant
    self.run = run
    self.actor = actor
    self.meter = meter
    self.mark = mark
    self.price = price
    self.trace = trace
    self.time = time
    self.postings = postings
  }
}

extension EntryDraft {
  /// What this entry adds to `used`.
  public var usage: GFLOP {
    postings.first { $0.account.kind == .used }?.amount ?? .zero
  }

  /// The time up to which the usage was metered: the period that it belongs to.
  public var meteredTime: Int64 { mark?.metered ?? time }
}

/// The end of a tenant's chain: what its next entry follows.
public struct LedgerHead: Sendable, Equatable {
  /// The number of entries.
  public var sequence: Int64
  /// The digest of the last one.
  public var digest: Digest

  public init(sequence: Int64, digest: Digest) {
    self.sequence = sequence
    self.digest = digest
  }

  /// The empty chain's.
  public static let empty = LedgerHead(sequence: 0, digest: HashChain.genesis)
}

/// An entry in its place: numbered from 1 within its tenant's chain, and bound to all before it.
public struct Entry: Sendable, Equatable {
  public let sequence: Int64
  public let content: EntryDraft
  /// The digest of the entry before.
  public let previous: Digest
  public let digest: Digest

  /// An entry as it was stored, right or wrong; `LedgerVerifier` tells.
  public init(sequence: Int64, content: EntryDraft, previous: Digest, digest: Digest) {
    self.sequence = sequence
    self.content = content
    self.previous = previous
    self.digest = digest
  }

  /// The entry that follows `head`.
  public init(_ content: EntryDraft, after head: LedgerHead) {
    let sequence = head.sequence + 1
    let bytes = EntryCoding.encode(content, sequence: sequence)
    self.init(
      sequence: sequence, content: content, previous: head.digest,
      digest: EntryCoding.digest(of: bytes, after: head.digest))
  }

  /// The head once this is the last entry.
  public var head: LedgerHead { LedgerHead(sequence: sequence, digest: digest) }
}
