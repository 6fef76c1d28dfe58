import Crypto

/// Why an entry was made.
public enum Cause: String, Sendable, Hashable, CaseIterable {
  case budgetChanged = "budget-changed"
  case runStarted = "run-started"
  case usageReported = "usage-reported"
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
  /// Empty when the entry concerns the use case as a whole.
  public var participant: String
  /// Empty when the entry concerns no run.
  public var run: String
  /// Who asked: a user's id or a service's name.
  public var actor: String
  /// Set for causes that bring usage.
  public var meter: Meter?
  /// The run's counter after the entry.
  public var counter: GFLOP?
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
    run: String, actor: String, meter: Meter?, counter: GFLOP?, price: Price?, trace: String,
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
    self.counter = counter
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
}

/// The end of the ledger: what the next entry follows.
public struct LedgerHead: Sendable, Equatable {
  /// The number of entries.
  public var sequence: Int64
  /// The digest of the last one.
  public var digest: Digest

  public init(sequence: Int64, digest: Digest) {
    self.sequence = sequence
    self.digest = digest
  }

  /// The empty ledger's.
  public static let empty = LedgerHead(sequence: 0, digest: HashChain.genesis)
}

/// An entry in its place: numbered from 1, and bound to all before it.
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
    self.init(
      sequence: sequence, content: content, previous: head.digest,
      digest: Self.digest(of: content, sequence: sequence, previous: head.digest))
  }

  /// The head once this is the last entry.
  public var head: LedgerHead { LedgerHead(sequence: sequence, digest: digest) }

  /// What `digest` must be: SHA-256 over the predecessor's and every field, in this order.
  public static func digest(
    of content: EntryDraft, sequence: Int64, previous: Digest
  ) -> Digest {
    var fields: [HashChain.Field] = [
      .integer(sequence), .text(content.cause.rawValue), .text(content.idempotencyKey),
      .text(content.tenant), .text(content.useCase), .text(content.participant),
      .text(content.run), .text(content.actor), .text(content.trace), .integer(content.time),
    ]
    fields += content.meter.map { [.text($0.provenance.rawValue), .text($0.name)] } ?? [.null]
    fields += content.counter.map { [.integer($0.value)] } ?? [.null]
    fields +=
      content.price.map {
        [.text($0.version), .integer($0.validFrom), .integer($0.nanoEuroPerGFLOP)]
      } ?? [.null]
    fields.append(.integer(Int64(content.postings.count)))
    for posting in content.postings {
      let account = posting.account
      fields += [
        .text(account.kind.rawValue), .text(account.useCase), .text(account.participant),
        .text(account.priceVersion), .integer(posting.amount.value),
      ]
    }
    return HashChain.next(after: previous, fields: fields)
  }
}
