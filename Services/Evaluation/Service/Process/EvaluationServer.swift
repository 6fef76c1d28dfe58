import API
import Crypto
import EvaluationDomain
import RPC
import ServiceKit
import Storage

/// The parts of the service, wired: what `start` makes of options, and tests of a folder.
public struct EvaluationServer: Sendable {
  /// What an installation may set.
  public struct Settings: Sendable {
    public var maximumDatasetBytes: Int64 = 10 << 30
    public var maximumSubmissionBytes: Int64 = 1 << 30
    /// Bytes of truth files kept decoded for checking submissions.
    public var truthCacheBytes: Int64 = 512 << 20
    public var leases = LeasePolicy.defaults
    public var queue = QueuePolicy.defaults

    public init() {}
  }

  public let router: Router
  let database: Database
  let blobs: BlobStore
  let queue: ScoringQueue
  let pins: BlobPins
  let maintenance: Maintenance

  /// Wires the service over an open database and blob store.
  public init(
    database: Database, blobs: BlobStore, settings: Settings, clock: WallClock,
    registry: MetricsRegistry, log: Logger
  ) {
    let changes = ChangeHub()
    let sessions = WorkerSessions()
    let metrics = EvaluationMetrics(registry, clock: clock, sessions: sessions)
    let queue = ScoringQueue(
      database: database, clock: clock, leases: settings.leases, policy: settings.queue,
      changes: changes, metrics: metrics)
    let pins = BlobPins(database: database, blobs: blobs)
    let uploads = UploadReceiver(blobs: blobs, pins: pins)
    let truths = TruthStore(
      blobs: blobs, decoded: DecodedTruths(maximumBytes: settings.truthCacheBytes))
    var router = Router()
    router.register(
      DatasetsHandler(
        database: database, clock: clock, uploads: uploads, truths: truths,
        limit: .dataset(settings.maximumDatasetBytes)))
    router.register(
      SubmissionsHandler(
        database: database, clock: clock, uploads: uploads, truths: truths,
        limit: .submission(settings.maximumSubmissionBytes), changes: changes,
        queuePolicy: settings.queue))
    router.register(LeaderboardsHandler(database: database))
    router.register(MonitorHandler(database: database))
    router.register(MetricCatalogueHandler())
    router.register(SyncHandler(database: database))
    router.register(
      WorkersHandler(
        database: database, blobs: blobs, queue: queue, sessions: sessions, log: log))
    self.router = router
    self.database = database
    self.blobs = blobs
    self.queue = queue
    self.pins = pins
    maintenance = Maintenance(database: database, queue: queue, metrics: metrics, log: log)
  }

  /// Ends the streams of workers and watchers: they come back to whoever serves next.
  func endStreams() {
    queue.changes.finish()
  }
}
