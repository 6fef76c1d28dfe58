/// Why a run was ended by somebody else than its client.
public enum StopReason: Sendable, Hashable, CustomStringConvertible {
  case allocationExhausted
  /// The organiser took the compute back while the run held it.
  case allocationReduced
  case useCasePaused
  case useCaseOver
  case participantRemoved
  /// On request, with the words given.
  case requested(String)

  public var description: String {
    switch self {
    case .allocationExhausted: "the compute allocation is used up"
    case .allocationReduced: "the compute allocation was reduced"
    case .useCasePaused: "the use case is paused"
    case .useCaseOver: "the use case is over"
    case .participantRemoved: "the participant is not part of the use case any more"
    case .requested(let words): words
    }
  }
}

/// For whom a run is paused, resumed or stopped.
public enum RunAuthority: Sendable, Hashable {
  /// Those who run the use case.
  case organiser
  /// The participant that the run is of.
  case team
}

/// Where a run is in its life. Only a running run holds compute.
public enum RunState: Sendable, Hashable {
  case running
  /// Holds nothing, and may be resumed: what an organiser paused by organisers only. With the words
  /// of whoever paused it.
  case paused(String, by: RunAuthority)
  case stopped(StopReason)
  case finished
  /// Nothing was heard of it for too long.
  case expired

  /// The name under which entries and tables keep the state, and the words that go with it.
  public var stored: (name: String, words: String) {
    switch self {
    case .running: ("running", "")
    case .paused(let words, .team): ("paused", words)
    case .paused(let words, .organiser): ("paused-organiser", words)
    case .finished: ("finished", "")
    case .expired: ("expired", "")
    case .stopped(.allocationExhausted): ("stopped-exhausted", "")
    case .stopped(.allocationReduced): ("stopped-reduced", "")
    case .stopped(.useCasePaused): ("stopped-paused", "")
    case .stopped(.useCaseOver): ("stopped-over", "")
    case .stopped(.participantRemoved): ("stopped-removed", "")
    case .stopped(.requested(let words)): ("stopped-requested", words)
    }
  }

  /// Reads what `stored` gave; `nil` for a name that no state has.
  public init?(name: String, words: String) {
    switch name {
    case "running": self = .running
    case "paused": self = .paused(words, by: .team)
    case "paused-organiser": self = .paused(words, by: .organiser)
    case "finished": self = .finished
    case "expired": self = .expired
    case "stopped-exhausted": self = .stopped(.allocationExhausted)
    case "stopped-reduced": self = .stopped(.allocationReduced)
    case "stopped-paused": self = .stopped(.useCasePaused)
    case "stopped-over": self = .stopped(.useCaseOver)
    case "stopped-removed": self = .stopped(.participantRemoved)
    case "stopped-requested": self = .stopped(.requested(words))
    default: return nil
    }
  }
}

/// All of a run that changes while it lives; each entry about a run carries it as it is then, so
/// that a run can be rebuilt from the ledger.
public struct RunMark: Sendable, Hashable {
  public var state: RunState
  /// The highest total that was reported.
  public var counter: GFLOP
  /// What of it is billed.
  public var used: GFLOP
  /// What is reserved beyond it.
  public var held: GFLOP
  /// How much more may be billed to this run although it does not run: usage of before its end or
  /// pause that was reported late.
  public var lateAllowance: GFLOP
  /// Unix milliseconds.
  public var lastReport: Int64
  /// The time up to which the counter was read, unix milliseconds; only grows.
  public var metered: Int64
  /// When the run ceased to run, by its end or its pause; `nil` while it runs, and for a pause of
  /// before this was kept. Nothing is metered later.
  public var ended: Int64?

  public init(
    state: RunState = .running, counter: GFLOP = .zero, used: GFLOP = .zero, held: GFLOP = .zero,
    lateAllowance: GFLOP = .zero, lastReport: Int64, metered: Int64, ended: Int64? = nil
  ) {
    self.state = state
    self.counter = counter
    self.used = used
    self.held = held
    self.lateAllowance = lateAllowance
    self.lastReport = lastReport
    self.metered = metered
    self.ended = ended
  }
}

/// A training run: a counter that only grows, and a hold that is renewed while it does.
public struct Run: Sendable, Equatable {
  /// What never changes of a run. A class, so that a run is copied at the cost of a word.
  private final class Facts: Sendable {
    let id: String
    let participant: String
    let startedBy: String
    let note: String
    let rate: GFLOP
    let started: Int64

    init(
      id: String, participant: String, startedBy: String, note: String, rate: GFLOP, started: Int64
    ) {
      self.id = id
      self.participant = participant
      self.startedBy = startedBy
      self.note = note
      self.rate = rate
      self.started = started
    }

    static func == (a: Facts, b: Facts) -> Bool {
      (a.id, a.participant, a.startedBy, a.note) == (b.id, b.participant, b.startedBy, b.note)
        && a.rate == b.rate && a.started == b.started
    }
  }

  private let facts: Facts
  public internal(set) var mark: RunMark
  /// Where its participant's accounts are in the book that holds it; -1 until an entry was made.
  var part = -1

  public init(
    id: String, participant: String, startedBy: String, note: String, rate: GFLOP, started: Int64,
    mark: RunMark? = nil
  ) {
    facts = Facts(
      id: id, participant: participant, startedBy: startedBy, note: note, rate: rate,
      started: started)
    self.mark = mark ?? RunMark(lastReport: started, metered: started)
  }

  public var id: String { facts.id }
  public var participant: String { facts.participant }
  /// The user who started it.
  public var startedBy: String { facts.startedBy }
  public var note: String { facts.note }
  /// Expected GFLOP per second; zero means not known.
  public var rate: GFLOP { facts.rate }
  /// Unix milliseconds.
  public var started: Int64 { facts.started }

  public static func == (a: Run, b: Run) -> Bool {
    a.mark == b.mark && (a.facts === b.facts || a.facts == b.facts)
  }

  public var state: RunState { mark.state }
  public var counter: GFLOP { mark.counter }
  public var used: GFLOP { mark.used }
  public var held: GFLOP { mark.held }
  public var lastReport: Int64 { mark.lastReport }
  public var ended: Int64? { isLive ? nil : mark.ended }

  public var isRunning: Bool {
    if case .running = mark.state { true } else { false }
  }

  /// Whether it runs or may run again.
  public var isLive: Bool {
    switch mark.state {
    case .running, .paused: true
    case .stopped, .finished, .expired: false
    }
  }
}

/// How much compute a live run reserves ahead of its reports.
public struct SlicePolicy: Sendable, Hashable {
  /// A slice is what the run uses in this time at its declared rate…
  public let seconds: Int64
  /// …but at least this.
  public let minimum: GFLOP

  public init(seconds: Int64, minimum: GFLOP) {
    self.seconds = seconds
    self.minimum = minimum
  }

  /// Ten seconds, at least 1 PFLOP.
  public static let standard = SlicePolicy(seconds: 10, minimum: .pflop(1))

  /// The slice of a run with the rate.
  func slice(rate: GFLOP) throws(QuantityError) -> GFLOP {
    max(try rate * seconds, minimum)
  }
}
