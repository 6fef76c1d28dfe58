/// What a draft must have to be published.
public enum PublishRules {
  /// What is known of a draft when it is to be published.
  public struct Facts: Sendable {
    public var content: UseCaseContent
    /// The metadatasets that the content names; nil where the owning tenant has none of that id.
    public var train: Metadataset?
    public var test: Metadataset?
    /// Addresses invited and not revoked.
    public var inviteCount: Int
    /// Unix milliseconds.
    public var now: Int64

    public init(
      content: UseCaseContent, train: Metadataset?, test: Metadataset?, inviteCount: Int,
      now: Int64
    ) {
      self.content = content
      self.train = train
      self.test = test
      self.inviteCount = inviteCount
      self.now = now
    }
  }

  /// What is wrong with a metric of a task's catalogue; empty if nothing is.
  public typealias MetricCheck = @Sendable (MetricChoice, UseCaseTask) -> [FieldFault]

  /// Every field at fault, in the order of the four steps; empty if the draft may be published.
  public static func faults(_ facts: Facts, checkMetric: MetricCheck) -> [FieldFault] {
    let content = facts.content
    var faults = content.faults
    func require(_ isThere: Bool, _ field: String, _ what: String) {
      if !isThere { faults.append(FieldFault(field, what)) }
    }
    require(!TextRules.trimmed(content.title).isEmpty, "title", "is missing")
    require(content.task != nil, "task", "is missing: choose one of the ten tasks")
    require(content.privacy != nil, "privacy", "is missing: choose public or private")
    faults += metadatasetFaults(
      content.trainMetadatasetID, facts.train, .train, "train_metadataset_id", content.task)
    faults += metadatasetFaults(
      content.testMetadatasetID, facts.test, .test, "test_metadataset_id", content.task)
    faults += metricFaults(content, checkMetric)
    require(
      !TextRules.trimmed(content.description).isEmpty, "description",
      "is missing: say what the data are and what a good model should achieve")
    if content.privacy == .private, facts.inviteCount == 0 {
      faults.append(
        FieldFault("invites", "a private use case without an invite is seen by no participant"))
    }
    require(content.budget != nil, "budget", "is missing: participants and compute for each")
    faults += timeFaults(content, facts.now)
    return faults
  }

  private static func metadatasetFaults(
    _ id: String, _ metadataset: Metadataset?, _ purpose: Purpose, _ field: String,
    _ task: UseCaseTask?
  ) -> [FieldFault] {
    guard !id.isEmpty else {
      return [FieldFault(field, "is missing: register a \(purpose.rawValue) metadataset")]
    }
    guard let metadataset else {
      return [FieldFault(field, "no such metadataset: \(id.prefix(60))")]
    }
    var faults: [FieldFault] = []
    if metadataset.purpose != purpose {
      faults.append(
        FieldFault(
          field,
          "\(metadataset.name) is a \(metadataset.purpose.rawValue) metadataset; "
            + "expected one for \(purpose.rawValue)"))
    }
    if let task, metadataset.task != task {
      faults.append(
        FieldFault(
          field,
          "\(metadataset.name) is for \(metadataset.task.rawValue); "
            + "the use case's task is \(task.rawValue)"))
    }
    return faults
  }

  private static func metricFaults(
    _ content: UseCaseContent, _ check: MetricCheck
  ) -> [FieldFault] {
    guard let metric = content.metric, !metric.metric.isEmpty else {
      return [FieldFault("metric", "is missing: choose a metric of the task's catalogue")]
    }
    guard let task = content.task else { return [] }
    return check(metric, task)
  }

  private static func timeFaults(_ content: UseCaseContent, _ now: Int64) -> [FieldFault] {
    guard let end = content.endTime else {
      return [FieldFault("end_time", "is missing")]
    }
    var faults: [FieldFault] = []
    if end <= now {
      faults.append(
        FieldFault("end_time", "\(UTCTime(end)) is over; it must be in the future"))
    }
    if let start = content.startTime, end <= start {
      faults.append(
        FieldFault("end_time", "must be after the start, \(UTCTime(start))"))
    }
    return faults
  }
}
