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
      let answer = Answer(RawAnswer(.task(continuation)))
      do { try body(answer) } catch { answer.fail(error) }
    }
    return try Response(serialized: bytes)
  }
}

/// An answer whose message is bytes.
public final class RawAnswer: Sendable {
  enum Receiver {
    case call(HandlerRun, ServerInterceptor)
    case task(UnsafeContinuation<[UInt8], any Error>)
  }

  private let receiver: Receiver
  private let isGiven = Atomic(false)

  init(_ receiver: Receiver) {
    self.receiver = receiver
  }

  deinit {
    guard !isGiven.load(ordering: .acquiring) else { return }
    RawAnswer.deliver(.failure(UnansweredError()), to: receiver)
  }

  /// Whether nobody waits for the answer any more: the call was cancelled, or its deadline passed.
  public var isMoot: Bool {
    if case .call(let run, _) = receiver { run.call.isOver } else { false }
  }

  public func give(_ result: Result<[UInt8], any Error>) {
    if take() { RawAnswer.deliver(result, to: receiver) }
  }

  /// Whether this is the first answer, which counts.
  fileprivate func take() -> Bool {
    isGiven.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing)
      .exchanged
  }

  /// The loop that the answer goes to; nil for a task.
  fileprivate var loop: EventLoop? {
    if case .call(let run, _) = receiver { run.call.loop } else { nil }
  }

  /// On the loop, if there is one.
  fileprivate func deliver(_ result: Result<[UInt8], any Error>) {
    switch receiver {
    case .call(let run, let interceptor): run.end(result, interceptor)
    case .task(let continuation): continuation.resume(with: result)
    }
  }

  private static func deliver(_ result: Result<[UInt8], any Error>, to receiver: Receiver) {
    switch receiver {
    case .call(let run, let interceptor): run.call.loop.run { run.end(result, interceptor) }
    case .task(let continuation): continuation.resume(with: result)
    }
  }
}

/// Answers that are given together: a loop is locked and woken once for all that are its own.
public struct AnswerBatch {
  private struct Entry: Sendable {
    let answer: RawAnswer
    let result: Result<[UInt8], any Error>
  }

  /// Few servers have more than a handful of loops.
  private var loops: [(loop: EventLoop, entries: [Entry])] = []

  public init() {}

  public mutating func give(_ answer: RawAnswer, _ result: Result<[UInt8], any Error>) {
    guard answer.take() else { return }
    guard let loop = answer.loop else { return answer.deliver(result) }
    let entry = Entry(answer: answer, result: result)
    if let index = loops.firstIndex(where: { $0.loop === loop }) {
      loops[index].entries.append(entry)
    } else {
      loops.append((loop, [entry]))
    }
  }

  /// Sends what was given.
  public mutating func send() {
    for (loop, entries) in loops {
      loop.execute {
        for (index, entry) in entries.enumerated() {
          entry.answer.deliver(entry.result)
          loop.workDone(index + 1)
        }
      }
    }
    loops.removeAll(keepingCapacity: true)
  }
}

/// A defect of a handler's, for the server to map as any other.
struct UnansweredError: Error, CustomStringConvertible {
  var description: String { "the handler dropped its call without an answer" }
}
