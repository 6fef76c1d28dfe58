import RPC
import Storage

/// A command that waits for its turn.
///
/// No class here is generic over its answer, for then each step would ask the runtime what an
/// answer is.
class QueuedCommand: @unchecked Sendable {
  // @unchecked Sendable: what changes in a subclass is touched by the one body that performs the
  // command and then by that body's completion. That may be on another thread, to which the body's
  // is handed on under a lock, so that the one comes after the other.

  let asker: LedgerAsker

  fileprivate init(_ asker: LedgerAsker) {
    self.asker = asker
  }

  /// Does the work, and keeps the answer; throws only what concerns the whole group.
  func perform(_ session: LedgerSession) throws {}

  /// The work is on the disk.
  func succeed(_ answers: inout AnswerBatch) {}

  /// The work is not on the disk, and will not be.
  func fail(_ error: any Error) {}
}

/// A command of a caller who is answered with bytes.
final class AnsweringCommand: QueuedCommand, @unchecked Sendable {
  // @unchecked Sendable: as the class above.

  private let answer: RawAnswer
  private let status: @Sendable (any Error) -> any Error
  private let body: @Sendable (LedgerSession) throws -> [UInt8]
  private var result: Result<[UInt8], any Error>?

  init(
    _ asker: LedgerAsker, _ answer: RawAnswer,
    status: @escaping @Sendable (any Error) -> any Error,
    _ body: @escaping @Sendable (LedgerSession) throws -> [UInt8]
  ) {
    self.answer = answer
    self.status = status
    self.body = body
    super.init(asker)
  }

  override func perform(_ session: LedgerSession) throws {
    // Nobody would hear of it: a run that is started now would only hold compute.
    guard !answer.isMoot else {
      result = .failure(CancellationError())
      return
    }
    do {
      result = .success(try body(session))
    } catch let error as StorageError {
      throw error
    } catch {
      result = .failure(status(error))
    }
  }

  override func succeed(_ answers: inout AnswerBatch) {
    guard let result else { preconditionFailure("a group of which not each was performed") }
    answers.give(answer, result, owner: self)
  }

  override func fail(_ error: any Error) { answer.give(.failure(status(error))) }
}

/// A command of a task that waits for its value.
final class AwaitedCommand: QueuedCommand, @unchecked Sendable {
  // @unchecked Sendable: as the class above.

  /// Does the work, and returns what gives the answer.
  private let body: @Sendable (LedgerSession) throws -> @Sendable () -> Void
  private let refuse: @Sendable (any Error) -> Void
  private var answer: (@Sendable () -> Void)?

  init<Answer: Sendable>(
    _ asker: LedgerAsker, _ body: @escaping @Sendable (LedgerSession) throws -> Answer,
    _ continuation: CheckedContinuation<Answer, any Error>
  ) {
    self.body = { session in
      do {
        let value = try body(session)
        return { continuation.resume(returning: value) }
      } catch let error as StorageError {
        throw error
      } catch {
        return { continuation.resume(throwing: error) }
      }
    }
    refuse = { continuation.resume(throwing: $0) }
    super.init(asker)
  }

  override func perform(_ session: LedgerSession) throws { answer = try body(session) }

  override func succeed(_ answers: inout AnswerBatch) {
    guard let answer else { preconditionFailure("a group of which not each was performed") }
    answer()
  }

  override func fail(_ error: any Error) { refuse(error) }
}
