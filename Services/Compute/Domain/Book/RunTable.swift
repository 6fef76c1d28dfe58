/// A book's runs by their ids, which knows of each participant how many live.
public struct RunTable: Sendable, Equatable {
  private var byID: [String: Run]
  private var liveCounts: [String: Int] = [:]

  init(_ runs: [String: Run] = [:]) {
    byID = runs
    for run in runs.values where run.isLive { liveCounts[run.participant, default: 0] += 1 }
  }

  public subscript(id: String) -> Run? {
    get { byID[id] }
    set {
      let old: Run?
      if let newValue {
        old = byID.updateValue(newValue, forKey: id)
      } else {
        old = byID.removeValue(forKey: id)
      }
      // Nearly always a run goes on living.
      guard old?.isLive != newValue?.isLive else { return }
      if let old, old.isLive { count(old.participant, -1) }
      if let new = newValue, new.isLive { count(new.participant, 1) }
    }
  }

  private mutating func count(_ participant: String, _ change: Int) {
    let count = liveCounts[participant, default: 0] + change
    liveCounts[participant] = count > 0 ? count : nil
  }

  /// How many of the participant's runs run or are paused.
  public func liveCount(of participant: String) -> Int { liveCounts[participant, default: 0] }

  public var count: Int { byID.count }
  public var keys: Dictionary<String, Run>.Keys { byID.keys }
  public var values: Dictionary<String, Run>.Values { byID.values }
}
