import Codec
import Synchronization

/// What a deferred handler answers its call with: once, from any thread, now or later.
///
/// What is said after the first is not heard, nor is an answer to a call that is over. One that is
/// dropped without having been given fails its call with INTERNAL: no call waits for ever.
public struct Answer<Response: Message>: Sendable {
  /// The same for the message as bytes.
  public let raw: RawAnswer

  @inlinable
  public init(_ raw: RawAnswer) {
    self.raw = raw
  }

  @inlinable
  public func succeed(_ response: Response) {
    raw.give(.success(response.serialized()))
  }

  /// As what a handler throws: an `RPCError` as it is, all else as the server maps it.
  public func fail(_ error: any Error) {
    raw.give(.failure(error))
  }

  /// What `body` has answered, for those who have a task that can wait.
  public static func wait(_ body: (Answer) throws -> Void) async throws -> Response {
    let bytes = try await withUnsafeThrowingContinuation { continuation in
      let answer = Answer(TaskAnswer(continuation))
      do { try body(answer) } catch { answer.fail(error) }
    }
    return try Response(serialized: bytes)
  }
}

/// An answer whose message is bytes.
public class RawAnswer: @unchecked Sendable {
  // @unchecked Sendable: constants and an atomic, here and in the two classes below it.

  private let isGivenFlag = Atomic(false)

  fileprivate init() {}

  /// Whether nobody waits for the answer any more: the call was cancelled, or its deadline passed.
  public var isMoot: Bool { false }

  public func give(_ result: Result<[UInt8], any Error>) {
    guard take() else { return }
    guard let loop, !loop.isCurrent else { return deliver(result) }
    loop.execute { self.deliver(result) }
  }

  /// Whether this is the first answer, which counts.
  fileprivate final func take() -> Bool {
    isGivenFlag.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing)
      .exchanged
  }

  fileprivate final var isGiven: Bool { isGivenFlag.load(ordering: .acquiring) }

  /// The loop that the answer goes to; nil for a task.
  fileprivate var loop: EventLoop? { nil }

  /// On the loop, if there is one.
  fileprivate func deliver(_ result: Result<[UInt8], any Error>) {
    preconditionFailure("each kind of answer says where it goes")
  }
}

/// An answer to a call.
final class CallAnswer: RawAnswer, @unchecked Sendable {
  // @unchecked Sendable: as the class above.

  private let run: HandlerRun
  private let tasks: HandlerTasks

  init(_ run: HandlerRun, _ tasks: HandlerTasks) {
    self.run = run
    self.tasks = tasks
  }

  deinit {
    guard !isGiven else { return }
    run.call.loop.run { [run, tasks] in run.end(.failure(UnansweredError()), tasks) }
  }

  override var isMoot: Bool { run.call.isOver }
  override fileprivate var loop: EventLoop? { run.call.loop }

  override fileprivate func deliver(_ result: Result<[UInt8], any Error>) {
    run.end(result, tasks)
  }
}

/// An answer to a task that waits.
private final class TaskAnswer: RawAnswer, @unchecked Sendable {
  // @unchecked Sendable: as the class above.

  private let continuation: UnsafeContinuation<[UInt8], any Error>

  init(_ continuation: UnsafeContinuation<[UInt8], any Error>) {
    self.continuation = continuation
  }

  deinit {
    if !isGiven { continuation.resume(throwing: UnansweredError()) }
  }

  override func deliver(_ result: Result<[UInt8], any Error>) {
    continuation.resume(with: result)
  }
}

/// Answers that are given together: a loop is locked and woken once for all that are its own.
public struct AnswerBatch {
  private struct Entry: Sendable {
    let answer: RawAnswer
    let result: Result<[UInt8], any Error>
    let owner: (any AnyObject & Sendable)?
  }

  /// Few servers have more than a handful of loops.
  private var loops: [(loop: EventLoop, entries: [Entry])] = []

  public init() {}

  /// - Parameter owner: what is to be freed on the answer's loop, which allocated it: to give back
  ///   another thread's memory costs more.
  public mutating func give(
    _ answer: RawAnswer, _ result: Result<[UInt8], any Error>,
    owner: (any AnyObject & Sendable)? = nil
  ) {
    guard answer.take() else { return }
    guard let loop = answer.loop else { return answer.deliver(result) }
    let entry = Entry(answer: answer, result: result, owner: owner)
    if let index = loops.firstIndex(where: { $0.loop === loop }) {
      loops[index].entries.append(entry)
    } else {
      loops.append((loop, [entry]))
    }
  }

  /// Sends what was given.
  public mutating func send() {
    // The loop has the entries to itself, so that it frees them.
    while let (loop, entries) = loops.popLast() {
      loop.execute {
        for (index, entry) in entries.enumerated() {
          entry.answer.deliver(entry.result)
          loop.workDone(index + 1)
        }
      }
    }
  }
}

/// A defect of a handler's, for the server to map as any other.
struct UnansweredError: Error, CustomStringConvertible {
  var description: String { "the handler dropped its call without an answer" }
}
