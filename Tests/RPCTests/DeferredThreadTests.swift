import API
import Foundation
import Synchronization
import Testing

@testable import RPC

/// What deferred answers, and what is kept of principals, hand from thread to thread; run under
/// ThreadSanitizer by `Tests/thread-sanitizer`.
@Suite("Deferred answers, across threads")
struct DeferredThreadTests {
  private let desk = DeferredDesk()

  /// Runs `bodies`, each on a thread of its own, and waits for all.
  private func onThreads(_ bodies: (@Sendable () -> Void)...) {
    let done = DispatchSemaphore(value: 0)
    for body in bodies {
      Thread.detachNewThread {
        body()
        done.signal()
      }
    }
    for _ in bodies { done.wait() }
  }

  @Test("an answer from another thread reaches the call")
  func answer() throws {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    let answer = try #require(desk.take())
    onThreads({ answer.succeed(TestingEcho(payload: [9])) })
    #expect(outcome.result == nil)
    pipe.settle()
    #expect(try TestingEcho(serialized: try #require(outcome.result).get()).payload == [9])
  }

  @Test("of two threads that answer, one is heard")
  func twoAnswers() throws {
    let pipe = desk.pipe()
    for _ in 0..<200 {
      let (_, outcome) = pipe.callLater()
      let answer = try #require(desk.take())
      onThreads(
        { answer.succeed(TestingEcho()) }, { answer.fail(RPCError(.aborted, "no")) })
      pipe.settle()
      let code = try #require(outcome.code)
      #expect(code == .ok || code == .aborted)
      #expect(desk.codes.last == code)
    }
    #expect(desk.codes.count == 200 && pipe.server.load == 0)
  }

  @Test("an answer that another thread drops fails its call, on the call's loop")
  func dropped() {
    let pipe = desk.pipe()
    let (_, outcome) = pipe.callLater()
    onThreads({ [desk] in _ = desk.take() })
    #expect(outcome.result == nil && desk.codes.isEmpty && pipe.server.load == 1)
    pipe.settle()
    #expect(outcome.code == .internal)
    #expect(desk.codes == [.internal] && pipe.server.load == 0)
  }

  @Test("answers given together go each to its own loop")
  func batch() throws {
    let (one, other) = (DeferredDesk(), DeferredDesk())
    let (onePipe, otherPipe) = (one.pipe(), other.pipe())
    let ofOne = (0..<50).map { _ in onePipe.callLater().1 }
    let ofOther = (0..<50).map { _ in otherPipe.callLater().1 }
    onThreads({
      var batch = AnswerBatch()
      for index in 0..<50 {
        for (desk, payload) in [(one, UInt8(index)), (other, UInt8(100 + index))] {
          guard let answer = desk.take() else { continue }
          batch.give(answer.raw, .success(TestingEcho(payload: [payload]).serialized()))
        }
      }
      batch.send()
    })
    #expect((ofOne + ofOther).allSatisfy { $0.result == nil })
    onePipe.settle()
    #expect(ofOne.allSatisfy { $0.code == .ok } && ofOther.allSatisfy { $0.result == nil })
    otherPipe.settle()
    for (outcomes, first) in [(ofOne, 0), (ofOther, 100)] {
      for (index, outcome) in outcomes.enumerated() {
        let answer = try TestingEcho(serialized: try #require(outcome.result).get())
        #expect(answer.payload == [UInt8(first + index)])
      }
    }
    #expect(one.codes.count == 50 && other.codes.count == 50)
  }

  // MARK: References that are set once

  /// How many of what was made there still are.
  private final class Living: Sendable {
    let count = Atomic(0)
  }

  private final class Thing: Sendable {
    private let living: Living

    init(_ living: Living) {
      self.living = living
      living.count.wrappingAdd(1, ordering: .relaxed)
    }

    deinit { living.count.wrappingSubtract(1, ordering: .relaxed) }
  }

  private final class Place: Sendable {
    let reference = SetOnce<Thing>()
    /// Threads that are about to set it.
    let ready = Atomic(0)
  }

  @Test("of what two threads set, both are told the one that stays; the other is released")
  func setOnce() {
    let rounds = 2_000
    let living = Living()
    do {
      let places = (0..<rounds).map { _ in Place() }
      let told = Mutex<[[Thing]]>([])
      let set: @Sendable () -> Void = {
        let things = places.map { place in
          let thing = Thing(living)
          // Both at once, or they would hardly ever meet.
          place.ready.wrappingAdd(1, ordering: .acquiringAndReleasing)
          while place.ready.load(ordering: .acquiring) < 2 { sched_yield() }
          return place.reference.set(thing)
        }
        told.withLock { $0.append(things) }
      }
      onThreads(set, set)
      told.withLock { told in
        for (index, place) in places.enumerated() {
          #expect(told[0][index] === told[1][index])
          #expect(place.reference.value === told[0][index])
        }
        told = []
      }
      #expect(living.count.load(ordering: .relaxed) == rounds)
    }
    #expect(living.count.load(ordering: .relaxed) == 0)
  }
}
