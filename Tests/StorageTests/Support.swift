import Foundation
import Storage
import Synchronization

/// A folder that is removed when the test lets go of it.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "assay-storage-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { "\(path)/\(name)" }
}

/// Two tables with every kind of constraint.
let peopleSchema = Migration(
  1, "people",
  """
  CREATE TABLE people (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, age INTEGER CHECK (age >= 0),
    weight REAL, photo BLOB
  ) STRICT;
  CREATE TABLE letters (
    id INTEGER PRIMARY KEY,
    person INTEGER NOT NULL REFERENCES people (id),
    reply_to INTEGER REFERENCES letters (id) DEFERRABLE INITIALLY DEFERRED
  ) STRICT;
  """)

/// A database in a folder of its own.
struct Fixture {
  let folder: TemporaryFolder
  let database: Database

  init(options: Database.Options = .init(), migrations: [Migration] = [peopleSchema]) throws {
    folder = try TemporaryFolder()
    database = try Database.open(
      path: folder.file("test.sqlite"), migrations: migrations, options: options)
  }

  var path: String { folder.file("test.sqlite") }

  func insert(_ email: String) async throws {
    try await database.write { try $0.execute("INSERT INTO people (email) VALUES (?1)", email) }
  }

  var emails: [String] {
    get async throws {
      try await database.read { reader in
        try reader.query("SELECT email FROM people ORDER BY id") { try $0.text("email") }
      }
    }
  }

  /// Keeps the writer busy until the returned gate is opened.
  func holdWriter() async -> Gate {
    let gate = Gate()
    let started = Gate()
    Task { [database] in
      try await database.write { _ in
        started.open()
        gate.waitSync()
      }
    }
    await started.wait()
    return gate
  }

  /// Suspends until so many writes wait.
  func untilWaiting(_ count: Int) async {
    while database.statistics.waitingWrites < count { await Task.yield() }
  }
}

/// Something that is waited for and opens once.
final class Gate: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func open() { semaphore.signal() }

  /// For bodies, which run on storage threads.
  func waitSync() { semaphore.wait() }

  func wait() async {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        self.semaphore.wait()
        continuation.resume()
      }
    }
  }
}

/// A list that tasks append to.
final class Recorder<Element: Sendable>: Sendable {
  private let elements = Mutex<[Element]>([])

  func append(_ element: Element) { elements.withLock { $0.append(element) } }
  var all: [Element] { elements.withLock { $0 } }
}

/// A clock whose sleeps end at once and are written down, or never end.
struct RecordingClock: Clock {
  typealias Duration = Swift.Duration
  typealias Instant = ContinuousClock.Instant

  let sleeps = Recorder<Swift.Duration>()
  var isFrozen = false
  private let start = ContinuousClock.now

  init(isFrozen: Bool = false) { self.isFrozen = isFrozen }

  var now: Instant { start }
  var minimumResolution: Swift.Duration { .zero }

  func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
    sleeps.append(start.duration(to: deadline))
    // A day stands for ever; cancellation ends it.
    if isFrozen { try await Task.sleep(for: .seconds(86_400)) }
  }
}
