import EvaluationDomain
import Testing

@Suite("Domain: the order of the queue")
struct QueuePolicyTests {
  let policy = QueuePolicy(maximumPasses: 2, preferenceWindow: 16)

  func job(_ sequence: Int64, _ participant: String, _ dataset: String = "d", passed: Int = 0)
    -> WaitingJob
  {
    WaitingJob(
      id: "e\(sequence)", sequence: sequence, participant: participant, dataset: dataset,
      timesPassedOver: passed)
  }

  @Test("The oldest is first, in whatever order they are read")
  func oldestFirst() {
    let order = policy.order([job(3, "c"), job(1, "a"), job(2, "b")], running: [:])
    #expect(order.map(\.sequence) == [1, 2, 3])
  }

  @Test("A second job of one participant waits behind everybody's first")
  func fairRounds() {
    let waiting = [job(1, "a"), job(2, "a"), job(3, "a"), job(4, "b"), job(5, "c")]
    #expect(policy.order(waiting, running: [:]).map(\.sequence) == [1, 4, 5, 2, 3])
  }

  @Test("A participant whose job is being scored is not ahead of others who wait")
  func runningCounts() {
    let order = policy.order([job(1, "a"), job(2, "b")], running: ["a": 1])
    #expect(order.map(\.sequence) == [2, 1])
  }

  @Test("When nobody else waits, one participant may have several jobs scored")
  func alone() {
    #expect(policy.order([job(1, "a"), job(2, "a")], running: ["a": 5]).count == 2)
  }

  @Test("A worker gets a job whose dataset it holds first; those before are passed over")
  func affinity() throws {
    let waiting = [job(1, "a", "x"), job(2, "b", "y")]
    let choice = try #require(policy.choose(from: waiting, running: [:], held: ["y"]))
    #expect(choice.job.sequence == 2)
    #expect(choice.passedOver.map(\.sequence) == [1])
  }

  @Test("A job is passed over a bounded number of times, then it is first whatever is held")
  func boundedUnfairness() throws {
    let waiting = [job(1, "a", "x", passed: 2), job(2, "b", "y")]
    let choice = try #require(policy.choose(from: waiting, running: [:], held: ["y"]))
    #expect(choice.job.sequence == 1)
    #expect(choice.passedOver.isEmpty)
  }

  @Test("Nobody is passed over when the worker holds none of the datasets")
  func noneHeld() throws {
    let waiting = [job(1, "a", "x"), job(2, "b", "y")]
    let choice = try #require(policy.choose(from: waiting, running: [:], held: ["z"]))
    #expect(choice.job.sequence == 1)
    #expect(choice.passedOver.isEmpty)
  }

  @Test("Places are counted from one, in the order of scoring")
  func places() {
    let waiting = [job(1, "a"), job(2, "a"), job(3, "b")]
    #expect(policy.places(waiting, running: [:]) == ["e1": 1, "e3": 2, "e2": 3])
  }

  @Test("An empty queue has nothing to give")
  func empty() {
    #expect(policy.choose(from: [], running: [:], held: []) == nil)
  }
}
