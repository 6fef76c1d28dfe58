import CatalogDomain
import Crypto
import ServiceKit
import Storage
import Synchronization

/// How an attempt to hand on a mail ended.
public enum MailOutcome: Sendable, Equatable {
  case sent
  /// It was not sent, and another attempt may do better.
  case refused(String)
  /// Nobody knows whether it was sent.
  case uncertain(String)
}

/// Hands on one mail.
public typealias SendMail = @Sendable (OutgoingMail) async -> MailOutcome

/// Sends the mails of the queue, each at most once.
///
/// A mail is marked before it is sent. What then has no clear outcome (the process died, the
/// command hung) is not sent again by itself: an invite is never mailed twice, and the organiser
/// can send it again.
final class MailPump: Sendable {
  /// Attempts before a mail is given up, and the pauses between them.
  static let pausesMilliseconds: [Int64] = [60_000, 300_000, 1_800_000, 7_200_000]
  /// How often the queue is looked at for mails whose pause is over.
  static let pollInterval = Duration.seconds(30)

  private let database: Database
  private let clock: WallClock
  private let log: Logger
  private let send: SendMail?
  private let kicks = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
  private let tasks = Mutex<[Task<Void, Never>]>([])

  init(database: Database, clock: WallClock, log: Logger, send: SendMail?) {
    self.database = database
    self.clock = clock
    self.log = log
    self.send = send
  }

  /// Starts sending. Without a mail command mails stay in the queue, which one line says.
  func start() async throws {
    let now = clock.now()
    let interrupted = try await database.write { tx in try tx.endInterruptedMails(now: now) }
    if interrupted > 0 {
      log.warning(
        "mails were being sent when the service ended; they may or may not have gone out",
        ["mails": .number(interrupted)])
    }
    guard send != nil else {
      let waiting = try await database.read { db in try db.waitingMailCount() }
      log.info(
        "no --mail-command: invites are not mailed, their mails stay in the queue",
        ["waiting": .number(waiting)])
      return
    }
    let sender = Task { [weak self, stream = kicks.stream] in
      for await _ in stream { await self?.sendDue() }
    }
    let ticker = Task { [weak self] in
      while !Task.isCancelled {
        self?.kick()
        try? await Task.sleep(for: Self.pollInterval)
      }
    }
    tasks.withLock { $0 = [sender, ticker] }
  }

  /// Looks at the queue soon.
  func kick() { kicks.continuation.yield() }

  /// Waits until the mail under way has its outcome.
  func stop() async {
    kicks.continuation.finish()
    let running = tasks.withLock { tasks in
      defer { tasks = [] }
      return tasks
    }
    running.last?.cancel()
    for task in running { await task.value }
  }

  /// Sends everything that is due, one after the other.
  func sendDue() async {
    guard let send else { return }
    do {
      while let mail = try await takeDue() {
        let outcome = await send(mail)
        try await record(outcome, of: mail)
      }
    } catch {
      log.error("the mail queue cannot be read or written", ["reason": "\(error)"])
    }
  }

  private func takeDue() async throws -> OutgoingMail? {
    let now = clock.now()
    return try await database.write { tx in try tx.takeDueMail(now: now) }
  }

  private func record(_ outcome: MailOutcome, of mail: OutgoingMail) async throws {
    let now = clock.now()
    switch outcome {
    case .sent:
      try await database.write { tx in try tx.markSent(mail, now: now) }
    case .uncertain(let reason):
      warn("a mail may or may not have gone out; it is not sent again", mail, reason)
      try await database.write { tx in
        try tx.end(mail, as: "uncertain", error: reason, now: now)
      }
    case .refused(let reason) where mail.attempt > Self.pausesMilliseconds.count:
      warn("a mail is given up", mail, reason)
      try await database.write { tx in
        try tx.end(mail, as: "failed", error: reason, now: now)
      }
    case .refused(let reason):
      warn("a mail was not sent and is tried again", mail, reason)
      let due = now + Self.pausesMilliseconds[mail.attempt - 1]
      try await database.write { tx in try tx.requeue(mail, due: due, error: reason) }
    }
  }

  private func warn(_ message: String, _ mail: OutgoingMail, _ reason: String) {
    log.warning(
      message,
      [
        "invite": .text(mail.inviteID), "attempt": .number(mail.attempt),
        "reason": .text(reason),
      ])
  }
}
