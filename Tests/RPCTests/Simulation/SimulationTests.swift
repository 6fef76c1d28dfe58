import Foundation
import Synchronization
import Testing

@testable import RPC

/// Ten thousand sessions of real clients and servers in a network that follows a seed. A failing
/// one names its seed: `SimulatedSession.run(seed:plot:)` runs it again, to the byte.
@Suite("Simulated network", .timeLimit(.minutes(10)))
struct SimulationTests {
  /// Runs one session for each seed, on all cores.
  private func run(_ plot: SimulatedSession.Plot, seeds: Int) {
    let failure = Mutex<String?>(nil)
    let workers = ProcessInfo.processInfo.activeProcessorCount
    // Threads of the test's own: each session makes its thread its loop's.
    DispatchQueue.concurrentPerform(iterations: workers) { worker in
      for seed in stride(from: worker, to: seeds, by: workers) {
        guard failure.withLock({ $0 }) == nil else { return }
        do {
          try SimulatedSession.run(seed: UInt64(seed), plot: plot)
        } catch {
          failure.withLock { $0 = $0 ?? "seed \(seed), \(plot): \(error)" }
        }
      }
    }
    if let failure = failure.withLock({ $0 }) { Issue.record("\(failure)") }
  }

  @Test("in a calm network every call is answered, whatever the limits and the order of frames")
  func calm() { run(.calm, seeds: 3_000) }

  @Test("a rolling restart loses no call")
  func rollingRestart() { run(.rollingRestart, seeds: 3_000) }

  @Test("in a storm every call ends, nothing runs twice, nothing is held that is not used")
  func storm() { run(.storm, seeds: 4_000) }
}
