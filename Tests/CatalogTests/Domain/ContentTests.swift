import CatalogDomain
import Testing

@Suite("The content of a use case")
struct ContentTests {
  static let now: Int64 = 1_790_000_000_000
  static let noMetricFaults: PublishRules.MetricCheck = { _, _ in [] }

  static func complete() -> UseCaseContent {
    var content = UseCaseContent()
    content.title = "Tumours"
    content.task = .tabularClassification
    content.privacy = .private
    content.trainMetadatasetID = "mds_train"
    content.testMetadatasetID = "mds_test"
    content.metric = MetricChoice(metric: "f1", parameters: ["average": "macro"])
    content.description = "What the cells are."
    content.budget = ComputeBudget(participants: 10, gflopEach: 200_000_000)
    content.startTime = now
    content.endTime = now + 1
    return content
  }

  static func metadataset(
    _ purpose: Purpose, _ task: UseCaseTask = .tabularClassification
  ) -> Metadataset {
    Metadataset(
      id: "mds_\(purpose.rawValue)", tenant: "acme", name: "cells", purpose: purpose, task: task,
      datasetID: "dat_1", rowCount: 3, columns: ["id", "label"], classCounts: ["M": 1],
      sha256: "00", createTime: now)
  }

  static func facts(_ content: UseCaseContent) -> PublishRules.Facts {
    PublishRules.Facts(
      content: content, train: metadataset(.train), test: metadataset(.test), inviteCount: 1,
      now: now)
  }

  @Test("a complete draft may be published")
  func completeDraft() {
    let faults = PublishRules.faults(
      Self.facts(Self.complete()), checkMetric: Self.noMetricFaults)
    #expect(faults.isEmpty)
  }

  @Test("an empty draft is told every field at once, in the order of the four steps")
  func emptyDraft() {
    let facts = PublishRules.Facts(
      content: UseCaseContent(), train: nil, test: nil, inviteCount: 0, now: Self.now)
    let faults = PublishRules.faults(facts, checkMetric: Self.noMetricFaults)
    #expect(
      faults.map(\.field) == [
        "title", "task", "privacy", "train_metadataset_id", "test_metadataset_id", "metric",
        "description", "budget", "end_time",
      ])
  }

  @Test("a private use case needs an invite, a public one does not")
  func invites() {
    var facts = Self.facts(Self.complete())
    facts.inviteCount = 0
    #expect(
      PublishRules.faults(facts, checkMetric: Self.noMetricFaults).map(\.field) == ["invites"])
    facts.content.privacy = .public
    #expect(PublishRules.faults(facts, checkMetric: Self.noMetricFaults).isEmpty)
  }

  @Test("metadatasets must be of the task and of the purpose")
  func metadatasets() {
    var facts = Self.facts(Self.complete())
    facts.train = Self.metadataset(.test, .tabularRegression)
    facts.test = nil
    #expect(
      PublishRules.faults(facts, checkMetric: Self.noMetricFaults).map(\.field) == [
        "train_metadataset_id", "train_metadataset_id", "test_metadataset_id",
      ])
  }

  @Test("the end must be in the future and after the start")
  func times() {
    var facts = Self.facts(Self.complete())
    facts.content.endTime = Self.now
    #expect(
      PublishRules.faults(facts, checkMetric: Self.noMetricFaults).map(\.field) == [
        "end_time", "end_time",
      ])
  }

  @Test("what the metric's catalogue says is passed on")
  func metric() {
    let faults = PublishRules.faults(Self.facts(Self.complete())) { choice, task in
      [FieldFault("metric", "\(choice.metric) of \(task.rawValue)")]
    }
    #expect(faults == [FieldFault("metric", "f1 of tabular_classification")])
  }

  @Test("limits hold for drafts too, and all that are broken are told")
  func limits() {
    var content = UseCaseContent()
    content.title = String(repeating: "x", count: 121)
    content.description = String(repeating: "y", count: 100_001)
    content.budget = ComputeBudget(participants: 10_001, gflopEach: 0)
    content.limits = SubmissionLimits(perDay: -1)
    #expect(
      content.faults.map(\.field) == [
        "title", "description", "budget.participants", "budget.gflop_each", "limits.per_day",
      ])
    content = UseCaseContent()
    content.title = String(repeating: "ü", count: 120)
    content.description = String(repeating: "y", count: 100_000)
    #expect(content.faults.isEmpty)
    content.title = "one\r\nBcc: two"
    #expect(content.faults.map(\.field) == ["title"])
  }

  @Test("an update mask with an unknown name is refused, naming it")
  func mask() throws {
    #expect(try ContentField.parse(mask: ["title", "end_time"]) == [.title, .endTime])
    #expect(throws: CatalogError.self) { try ContentField.parse(mask: ["title", "owner"]) }
  }

  @Test("only masked fields are taken, and a masked empty one is cleared")
  func taking() {
    let old = Self.complete()
    var given = UseCaseContent()
    given.title = "New"
    let new = old.taking([.title, .budget], from: given)
    #expect(new.title == "New")
    #expect(new.budget == nil)
    #expect(new.description == old.description)
    #expect(new.changedFields(from: old) == [.title, .budget])
  }

  @Test("a published use case lets description, end, limits and a higher budget change")
  func publishedChanges() throws {
    let old = Self.complete()
    var new = old
    new.description = "More words."
    new.endTime = Self.now + 1_000
    new.limits = SubmissionLimits(perDay: 7)
    new.budget = ComputeBudget(participants: 11, gflopEach: 200_000_000)
    try UpdateRules.check(new, replacing: old, in: .published, now: Self.now)
    try UpdateRules.check(new, replacing: old, in: .paused, now: Self.now)
  }

  @Test("every other change of a published use case is refused, naming each field")
  func publishedRefusals() {
    let old = Self.complete()
    var new = old
    new.title = "Other"
    new.metric?.parameters["average"] = "micro"
    new.budget = ComputeBudget(participants: 9, gflopEach: 300_000_000)
    new.endTime = Self.now
    let error = #expect(throws: CatalogError.self) {
      try UpdateRules.check(new, replacing: old, in: .published, now: Self.now)
    }
    guard case .notNow(_, let faults)? = error else {
      Issue.record("expected notNow")
      return
    }
    #expect(faults.map(\.field) == ["title", "metric", "budget", "end_time"])
  }

  @Test("a closed use case does not change, but repeating its values is no change")
  func closed() throws {
    let old = Self.complete()
    try UpdateRules.check(old, replacing: old, in: .closed, now: Self.now)
    var new = old
    new.description = "late"
    #expect(throws: CatalogError.self) {
      try UpdateRules.check(new, replacing: old, in: .closed, now: Self.now)
    }
  }
}
