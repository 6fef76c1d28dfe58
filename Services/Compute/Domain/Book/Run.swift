/// Why a run was ended by somebody else than its client.
public enum StopReason: Sendable, Hashable, CustomStringConvertible {
  case allocationExhausted
  case useCasePaused
  case useCaseOver
  case participantRemoved
  /// On request, with the words given.
  case requested(String)

  public var description: String {
    switch self {
    case .allocationExhausted: "the compute allocation is used up"
    case .useCasePaused: "the use case is paused"
    case .useCaseOver: "the use case is over"
    case .participantRemoved: "the participant is not part of the use case any more"
    case .requested(let words): words
    }
  }
}

/// Where a run is in its life. Only a running run holds compute.
public enum RunState: Sendable, Hashable {
  case running
  case stopped(StopReason)
  case finished
  /// Nothing was heard of it for too long.
  case expired
}

/// A training run: a counter that only grows, and a hold that is renewed while it does.
public struct Run: Sendable, Equatable {
  public let id: String
  public let participant: String
  /// The user who started it.
  public let startedBy: String
  public let note: String
  /// Expected GFLOP per second; zero means not known.
  public let rate: GFLOP
  /// Unix milliseconds.
  public let started: Int64

  public internal(set) var state: RunState
  /// The highest total that was reported.
  public internal(set) var counter: GFLOP
  /// What of it is billed.
  public internal(set) var used: GFLOP
  /// What is reserved beyond it.
  public internal(set) var held: GFLOP
  /// How much more may be billed to this run although it has ended: usage of before its end that
  /// was reported late.
  public internal(set) var lateAllowance: GFLOP
  public internal(set) var lastReport: Int64
  public internal(set) var ended: Int64?

  public init(
    id: String, participant: String, startedBy: String, note: String, rate: GFLOP, started: Int64,
    state: RunState = .running, counter: GFLOP = .zero, used: GFLOP = .zero, held: GFLOP = .zero,
    lateAllowance: GFLOP = .zero, lastReport: Int64, ended: Int64? = nil
  ) {
    self.id = id
    self.participant = participant
    self.startedBy = startedBy
    self.note = note
    self.rate = rate
    self.started = started
    self.state = state
    self.counter = counter
    self.used = used
    self.held = held
    self.lateAllowance = lateAllowance
    self.lastReport = lastReport
    self.ended = ended
  }

  public var isRunning: Bool { state == .running }
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
