import ComputeDomain
import RPC
import Storage
import Synchronization

/// Ends what has been silent for too long, what outlived its use case, and the streams of callers
/// who must prove anew who they are.
public final class HoldKeeper: Sendable {
  private let core: ComputeCore
  /// The moment up to which no use case has ended whose runs have not; unix milliseconds. New terms
  /// and starts look at the end themselves, so that none comes in before it.
  private let endedUpTo = Mutex(Int64.min)

  /// How often it looks: a run must hear within a second that its use case is over.
  public static let period = Duration.milliseconds(500)
  /// How many runs are looked up, and ended together, at a time.
  static let pageSize = 480

  public init(_ core: ComputeCore) { self.core = core }

  /// Looks until its task is cancelled. A failing look is reported, and tried again.
  public func run() async {
    while !Task.isCancelled {
      do { try await sweep() } catch is CancellationError { return } catch {
        core.report("holds could not be checked: \(error)")
      }
      try? await Task.sleep(for: Self.period)
    }
  }

  /// Looks once, at all runs. Returns how many were ended.
  @discardableResult
  public func sweep() async throws -> Int {
    let core = core
    let now = core.clock.now()
    core.runWatchers.endOverdue(at: now)
    core.alertWatchers.endOverdue(at: now)
    let idle = core.settings.holdIdleMilliseconds
    // First those whose clients are to hear of it within a second.
    let outliving = try await endOutliving(now)
    let meansSomething = try await core.command { [self] session in
      session.state.flushIfOld()
      return isSilence(of: idle, session)
    }
    guard meansSomething else { return outliving }
    let silent = try await endAll { db, place in
      try RunStore.silent(db, since: now - idle, after: place, limit: Self.pageSize)
    }
    return outliving + silent.ended
  }

  /// Looks at the use cases that have ended since the last look; at all, where one could not be
  /// dealt with, and when the clock was set back, for what is past may come again then.
  private func endOutliving(_ now: Int64) async throws -> Int {
    // A minute more: what was being committed then was not seen.
    let before = endedUpTo.withLock { last -> Int64 in
      last <= now && last != .min ? last - 60_000 : .min
    }
    let outliving = try await endAll { db, place in
      try RunStore.outliving(db, endsIn: before...now, after: place, limit: Self.pageSize)
    }
    endedUpTo.withLock { $0 = outliving.areAllDone ? now : .min }
    return outliving.ended
  }

  /// Ends what is found, page by page: neither one run nor one tenant's many keep the keeper from
  /// the others.
  ///
  /// It looks at the tables as they are. They may be some seconds behind, but show every run that
  /// lives; and of what is found, the book has the last word.
  private func endAll(
    _ page: @escaping @Sendable (Reader, RunStore.Place) throws -> [RunStore.Place]
  ) async throws -> (ended: Int, areAllDone: Bool) {
    var (ended, areAllDone) = (0, true)
    var last: RunStore.Place? = .beforeAll
    while let place = last {
      let found = try await core.database.read { try page($0, place) }
      await withTaskGroup(of: Bool?.self) { group in
        // At once, so that they share commits.
        for place in found { group.addTask { [self] in await end(place.run) } }
        for await isEnded in group {
          if isEnded == true { ended += 1 }
          if isEnded == nil { areAllDone = false }
        }
      }
      try Task.checkCancellation()
      last = found.count < Self.pageSize ? nil : found.last
    }
    return (ended, areAllDone)
  }

  /// Whether the run has been ended; `nil`, and a report, for one that cannot be.
  private func end(_ id: String) async -> Bool? {
    do { return try await core.command { [self] in try end(id, $0) } } catch {
      if !Task.isCancelled { core.report("run \(id) could not be ended: \(error)") }
      return nil
    }
  }

  /// Whether the run has been ended: it may have reported meanwhile.
  private func end(_ id: String, _ session: LedgerSession) throws -> Bool {
    let idle = core.settings.holdIdleMilliseconds
    var commands: [(key: String, Command)] = [("~/\(id)/end", .enforceEnd(run: id))]
    if isSilence(of: idle, session) {
      commands.append(("~/\(id)/expire", .expireRun(run: id, idleMilliseconds: idle)))
    }
    for (key, command) in commands {
      guard let open = try session.book(ofRun: id) else { return false }
      let context = try core.commandContext(
        session, open, actor: "compute", trace: "", key: key)
      if try !core.perform(session, command, on: open, context).entries.isEmpty { return true }
    }
    return false
  }

  /// Whether the ledger has listened for so long that silence means something: a sign of life of
  /// just before a start may be lost.
  private func isSilence(of milliseconds: Int64, _ session: LedgerSession) -> Bool {
    core.clock.now() - session.state.listeningSince >= milliseconds
  }
}
