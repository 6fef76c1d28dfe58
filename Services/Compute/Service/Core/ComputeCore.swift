import Codec
import ComputeBilling
import ComputeDomain
import Crypto
import Identity
import RPC
import Storage

/// What an installation may set.
public struct ComputeSettings: Sendable, Equatable {
  public var slices: SlicePolicy
  /// How long a run may be silent before its hold expires.
  public var holdIdleMilliseconds: Int64
  public var vatRates: VATRates
  /// Answered keys that are found in memory alone, before the index on the disk has them.
  public var answersInMemory = AnswerIndex.defaultMaximumWaiting

  public init(
    slices: SlicePolicy = .standard, holdIdleMilliseconds: Int64 = 10 * 60 * 1_000,
    vatRates: VATRates = .union
  ) {
    self.slices = slices
    self.holdIdleMilliseconds = holdIdleMilliseconds
    self.vatRates = vatRates
  }
}

/// The service behind its handlers: commands go through the ledger's queue, which commits them in
/// groups; each query reads one snapshot.
public final class ComputeCore: Sendable {
  let database: Database
  let ledger: LedgerQueue
  let clock: WallClock
  let settings: ComputeSettings
  let random: RandomSource
  let runWatchers = Watchers(of: "runs")
  let alertWatchers = Watchers(of: "alerts")
  let zones = ZoneFiles.system
  var vatRates: VATRates { settings.vatRates }
  /// Told of defects and failing disks, for the log.
  let report: @Sendable (String) -> Void
  /// What a caller is told of an error.
  let status: @Sendable (any Error) -> any Error

  public init(
    database: Database, clock: WallClock = .system, settings: ComputeSettings = ComputeSettings(),
    random: @escaping RandomSource = SecureRandom.bytes,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.database = database
    ledger = LedgerQueue(database, clock: clock, answersInMemory: settings.answersInMemory)
    self.clock = clock
    self.settings = settings
    self.random = random
    self.report = report
    status = { ComputeError.status(of: $0, report: report) }
  }

  /// Opens the database, migrating it if need be.
  ///
  /// - Parameter maximumPages: the most pages, of 4 KiB, that the file may grow to; `nil` leaves it
  ///   to the disk.
  public static func openDatabase(
    path: String, clock: WallClock = .system, maximumPages: Int? = nil
  ) throws -> Database {
    var options = Database.Options(applicationID: ComputeSchema.applicationID)
    options.clock = clock
    options.cacheKiB = 8_192
    // While pages go to the disk, commits wait longer for it: few at a time are soon there.
    options.checkpointPages = 500
    options.maximumPages = maximumPages
    let database = try Database.open(
      path: path, migrations: ComputeSchema.migrations, options: options)
    do {
      try database.writeSync { tx in
        try SealStore.sealWhatIsThere(tx)
        try PartyStore.adoptOldRows(tx)
      }
    } catch {
      database.closeSync()
      throw error
    }
    return database
  }

  /// Ends the streams, so that the service can drain.
  public func closeStreams() {
    runWatchers.close()
    alertWatchers.close()
  }

  // MARK: - Transactions

  /// Reads what the tables say after every command that was answered.
  func read<T: Sendable>(_ body: @escaping @Sendable (Reader) throws -> T) async throws -> T {
    do {
      try await ledger.catchUp()
      return try await database.read(body)
    } catch {
      throw status(error)
    }
  }

  /// Runs a command on the ledger: of the caller's tenant, or of the installation itself.
  func command<T: Sendable>(
    _ call: CallIdentity? = nil, _ body: @escaping @Sendable (LedgerSession) throws -> T
  ) async throws -> T {
    try await command(by: call.map { .tenant($0.scope.tenant) } ?? .installation, body)
  }

  /// Runs a command on the ledger.
  func command<T: Sendable>(
    by asker: LedgerAsker, _ body: @escaping @Sendable (LedgerSession) throws -> T
  ) async throws -> T {
    do { return try await ledger.submit(asker, body) } catch {
      throw status(error)
    }
  }

  /// Runs a command on the ledger, and answers with what it returns once it is on the disk.
  func command<Response: Message>(
    _ call: CallIdentity, _ answer: Answer<Response>,
    _ body: @escaping @Sendable (LedgerSession) throws -> Response
  ) {
    ledger.submit(.tenant(call.scope.tenant), answer: answer.raw, status: status) {
      try body($0).serialized()
    }
  }
}

extension ComputeCore {
  /// The context of a command to a book.
  func commandContext(
    _ session: LedgerSession, _ open: OpenBook, actor: String, trace: String, key: String
  ) throws -> CommandContext {
    CommandContext(
      now: clock.now(), actor: actor, idempotencyKey: key, trace: trace,
      prices: try session.prices(of: open), slices: settings.slices)
  }

  /// The entry's key: the caller's within its tenant, or one that this service makes. A tenant's
  /// name never begins with "~".
  func entryKey(
    _ call: CallIdentity, _ key: String, otherwise own: @autoclosure () -> String
  ) -> String {
    key.isEmpty ? "~/" + own() : call.scope.tenant + "/" + key
  }

  /// Performs a command, and wakes those who watch what it changed.
  ///
  /// - Parameter place: of the command's run in the book, where it is at hand.
  @discardableResult
  func perform(
    _ session: LedgerSession, _ command: Command, on open: OpenBook,
    at place: RunTable.Place? = nil, _ context: CommandContext
  ) throws -> Outcome {
    let outcome = try session.perform(command, on: open, at: place, context)
    let useCase = open.useCase
    if !outcome.alerts.isEmpty, alertWatchers.areThere {
      let watchers = alertWatchers
      session.tx.afterCommit { watchers.notify(useCase: useCase, participant: nil) }
    }
    guard !outcome.entries.isEmpty, runWatchers.areThere else { return outcome }
    let watchers = runWatchers
    for participant in Set(outcome.entries.map(\.participant)) {
      session.tx.afterCommit {
        watchers.notify(
          useCase: useCase, participant: participant.isEmpty ? nil : participant)
      }
    }
    return outcome
  }

  func checkText(_ text: String, field: String) throws {
    guard text.utf8.count <= ComputeLimits.maximumTextBytes else {
      throw RPCError.invalidField(field, "at most \(ComputeLimits.maximumTextBytes) bytes")
    }
  }
}
