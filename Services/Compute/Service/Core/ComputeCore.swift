import Codec
import ComputeDomain
import Crypto
import Identity
import RPC
import Storage

/// What an installation may set.
public struct ComputeSettings: Sendable, Hashable {
  public var slices: SlicePolicy
  /// How long a run may be silent before its hold expires.
  public var holdIdleMilliseconds: Int64

  public init(
    slices: SlicePolicy = .standard, holdIdleMilliseconds: Int64 = 10 * 60 * 1_000
  ) {
    self.slices = slices
    self.holdIdleMilliseconds = holdIdleMilliseconds
  }
}

/// The service behind its handlers: each command is one transaction, each query one snapshot.
public final class ComputeCore: Sendable {
  let database: Database
  let clock: WallClock
  let settings: ComputeSettings
  let random: RandomSource
  let watchers = RunWatchers()
  /// Told of defects and failing disks, for the log.
  let report: @Sendable (String) -> Void

  public init(
    database: Database, clock: WallClock = .system, settings: ComputeSettings = ComputeSettings(),
    random: @escaping RandomSource = SecureRandom.bytes,
    report: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.database = database
    self.clock = clock
    self.settings = settings
    self.random = random
    self.report = report
  }

  /// Opens the database, migrating it if need be.
  public static func openDatabase(
    path: String, clock: WallClock = .system
  ) throws -> Database {
    var options = Database.Options(applicationID: ComputeSchema.applicationID)
    options.clock = clock
    return try Database.open(
      path: path, migrations: ComputeSchema.migrations, options: options)
  }

  /// Ends the streams, so that the service can drain.
  public func closeStreams() {
    watchers.close()
  }

  // MARK: - Transactions

  func read<T: Sendable>(_ body: @escaping @Sendable (Reader) throws -> T) async throws -> T {
    do { return try await database.read(body) } catch {
      throw ComputeError.status(of: error, report: report)
    }
  }

  func write<T: Sendable>(
    _ body: @escaping @Sendable (Transaction) throws -> T
  ) async throws -> T {
    do { return try await database.write(body) } catch {
      throw ComputeError.status(of: error, report: report)
    }
  }

  /// Carries a command out once per idempotency key of the caller's tenant.
  ///
  /// The same key with the same request of the same user gives the same answer again, to the byte;
  /// with another one ALREADY_EXISTS. Without a key every call is a command of its own.
  func once<Request: Message, Response: Message>(
    _ call: CallIdentity, key: String, request: Request,
    _ body: @escaping @Sendable (Transaction) throws -> Response
  ) async throws -> Response {
    guard !key.isEmpty else { return try await write(body) }
    guard key.utf8.count <= ComputeLimits.maximumKeyBytes,
      key.utf8.allSatisfy({ 0x21...0x7E ~= $0 })
    else {
      throw RPCError.invalidField(
        "idempotency_key",
        "at most \(ComputeLimits.maximumKeyBytes) printable ASCII characters without spaces")
    }
    let fingerprint = HashChain.next(
      after: HashChain.genesis,
      fields: [.text(call.method), .text(call.scope.user), .bytes(request.serialized())])
    let tenant = call.scope.tenant
    let now = clock.now()
    return try await write { tx in
      if let answer: Response = try Self.answer(tx, tenant, key, fingerprint) { return answer }
      let response = try body(tx)
      try tx.execute(
        """
        INSERT INTO commands (tenant, idempotency_key, request, response, time)
        VALUES (?1, ?2, ?3, ?4, ?5)
        """, tenant, key, fingerprint, response.serialized(), now)
      return response
    }
  }

  private static func answer<Response: Message>(
    _ tx: Transaction, _ tenant: String, _ key: String, _ fingerprint: Digest
  ) throws -> Response? {
    let stored = try tx.queryOne(
      "SELECT request, response FROM commands WHERE tenant = ?1 AND idempotency_key = ?2",
      tenant, key
    ) { (try $0.digest("request"), try $0.blob("response")) }
    guard let (request, response) = stored else { return nil }
    guard request == fingerprint else {
      throw RPCError.alreadyExists("command with another content under the key", key)
    }
    return try Response(serialized: response)
  }
}

/// Who calls which method, and under which trace.
struct CallIdentity: Sendable {
  let scope: TenantScope
  let method: String
  /// W3C trace id, hexadecimal.
  let trace: String
}

extension ComputeCore {
  /// The context of a command to a book.
  func commandContext(
    _ db: Reader, actor: String, trace: String, key: String
  ) throws -> CommandContext {
    let now = clock.now()
    return CommandContext(
      now: now, actor: actor, idempotencyKey: key, trace: trace,
      price: try UsageStore.prices(db).price(at: now), slices: settings.slices)
  }

  /// Performs a command on a loaded book and stores what it changed.
  func perform(
    _ tx: Transaction, _ command: Command, on book: inout Book, run: String?,
    _ context: CommandContext
  ) throws {
    let entries = try book.perform(command, context)
    try BookStore.save(tx, book, entries: entries, run: run)
    guard !entries.isEmpty else { return }
    let watchers = watchers
    let useCase = book.terms.id
    for participant in Set(entries.map(\.participant)) {
      tx.afterCommit { watchers.notify(useCase: useCase, participant: participant) }
    }
  }
}
