/// A book's runs by their ids, which knows of each participant how many live.
///
/// Each run has a place that is its own for as long as it is in the table: whoever has found it
/// once by its id finds it again without.
public struct RunTable: Sendable {
  /// Where a run is.
  public struct Place: Sendable, Hashable {
    /// Small, and used again once the run is gone.
    public let number: Int
    /// How many runs were there before.
    fileprivate let generation: Int
  }

  private struct Slot {
    var run: Run?
    var generation = 0
  }

  private var places: [String: Int] = [:]
  private var slots: [Slot] = []
  /// The numbers of slots that are empty.
  private var free: [Int] = []
  private var liveCounts: [String: Int] = [:]

  init(_ runs: [String: Run] = [:]) {
    for run in runs.values { remember(run) }
  }

  /// Takes in a run that may have been in another table before.
  mutating func remember(_ run: Run) {
    var run = run
    run.part = -1
    self[run.id] = run
  }

  public internal(set) subscript(id: String) -> Run? {
    get { places[id].flatMap { slots[$0].run } }
    set {
      if let number = places[id] {
        set(number, newValue)
        guard newValue == nil else { return }
        places[id] = nil
        slots[number].generation += 1
        free.append(number)
      } else if let newValue {
        let number = free.popLast() ?? slots.count
        if number == slots.count { slots.append(Slot()) }
        places[id] = number
        set(number, newValue)
      }
    }
  }

  public func place(of id: String) -> Place? {
    places[id].map { Place(number: $0, generation: slots[$0].generation) }
  }

  /// Whether the run that was at the place when it was asked for is still there.
  public func holds(_ place: Place) -> Bool {
    place.number < slots.count && slots[place.number].generation == place.generation
  }

  /// The run at a place where it still is.
  public internal(set) subscript(place: Place) -> Run {
    get {
      guard holds(place), let run = slots[place.number].run else {
        preconditionFailure("the run is gone from \(place)")
      }
      return run
    }
    set {
      precondition(holds(place), "the run is gone from \(place)")
      set(place.number, newValue)
    }
  }

  private mutating func set(_ number: Int, _ new: Run?) {
    let old = slots[number].run
    slots[number].run = new
    // Nearly always a run goes on living.
    guard old?.isLive != new?.isLive else { return }
    if let old, old.isLive { count(old.participant, -1) }
    if let new, new.isLive { count(new.participant, 1) }
  }

  private mutating func count(_ participant: String, _ change: Int) {
    let count = liveCounts[participant, default: 0] + change
    liveCounts[participant] = count > 0 ? count : nil
  }

  /// How many of the participant's runs run or are paused.
  public func liveCount(of participant: String) -> Int { liveCounts[participant, default: 0] }

  public var count: Int { places.count }
  public var keys: Dictionary<String, Int>.Keys { places.keys }
  public var values: some Sequence<Run> { slots.lazy.compactMap(\.run) }
}

extension RunTable: Equatable {
  /// Whether the runs are the same, wherever they are.
  public static func == (a: RunTable, b: RunTable) -> Bool {
    a.count == b.count && a.places.keys.allSatisfy { a[$0] == b[$0] }
  }
}
