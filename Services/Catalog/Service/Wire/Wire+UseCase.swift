import API
import CatalogDomain
import Identity

extension UseCaseContent {
  /// Parses content from outside. Throws `invalid` with every malformed field; limits are checked
  /// by `faults` later.
  static func parse(_ wire: CatalogUseCaseContent) throws(CatalogError) -> UseCaseContent {
    var faults: [FieldFault] = []
    func parsed<Value>(_ body: () throws(CatalogError) -> Value?) -> Value? {
      do throws(CatalogError) {
        return try body()
      } catch {
        if case .invalid(let found) = error { faults += found }
        return nil
      }
    }
    var content = UseCaseContent()
    content.title = TextRules.trimmed(wire.title)
    content.task = parsed { () throws(CatalogError) in try UseCaseTask.parse(wire.task) }
    content.privacy = parsed { () throws(CatalogError) in try Privacy.parse(wire.privacy) }
    content.trainMetadatasetID = wire.trainMetadatasetId
    content.testMetadatasetID = wire.testMetadatasetId
    content.metric = wire.metric.flatMap { choice in
      choice.metric.isEmpty && choice.parameters.isEmpty
        ? nil : MetricChoice(metric: choice.metric, parameters: choice.parameters.dictionary)
    }
    content.description = wire.description
    content.budget = wire.budget.map { budget in
      ComputeBudget(participants: Int64(budget.participants), gflopEach: budget.gflopEach)
    }
    content.startTime = parsed { () throws(CatalogError) in
      try wire.startTime?.milliseconds("start_time")
    }
    content.endTime = parsed { () throws(CatalogError) in
      try wire.endTime?.milliseconds("end_time")
    }
    if let limits = wire.limits {
      content.limits = SubmissionLimits(
        perDay: Int64(limits.perDay), total: Int64(limits.total),
        concurrent: Int64(limits.concurrent))
    }
    faults += identifierFaults(content)
    guard faults.isEmpty else { throw .invalid(faults) }
    return content
  }

  private static func identifierFaults(_ content: UseCaseContent) -> [FieldFault] {
    [
      ("train_metadataset_id", content.trainMetadatasetID),
      ("test_metadataset_id", content.testMetadatasetID),
    ].compactMap { field, id in
      id.utf8.count <= 100 ? nil : FieldFault(field, "no metadataset has an id that long")
    }
  }

  /// The content as it is shown; a budget is private.
  func wire(showsBudget: Bool) -> CatalogUseCaseContent {
    var wire = CatalogUseCaseContent()
    wire.title = title
    wire.task = task?.wire ?? .unspecified
    wire.privacy = privacy?.wire ?? .unspecified
    wire.trainMetadatasetId = trainMetadatasetID
    wire.testMetadatasetId = testMetadatasetID
    wire.metric = metric?.wire
    wire.description = description
    wire.budget = showsBudget ? budget?.wire : nil
    wire.startTime = startTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:))
    wire.endTime = endTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:))
    if limits != SubmissionLimits() { wire.limits = limits.wire }
    return wire
  }
}

extension MetricChoice {
  var wire: CatalogMetricChoice {
    CatalogMetricChoice(metric: metric, parameters: .init(parameters))
  }
}

extension ComputeBudget {
  /// Within the limits, participants fit 32 bits.
  var wire: CatalogComputeBudget {
    CatalogComputeBudget(participants: Int32(clamping: participants), gflopEach: gflopEach)
  }
}

extension SubmissionLimits {
  /// Within the limits, all three fit 32 bits.
  var wire: CatalogSubmissionLimits {
    CatalogSubmissionLimits(
      perDay: Int32(clamping: perDay), total: Int32(clamping: total),
      concurrent: Int32(clamping: concurrent))
  }
}

extension StoredFile {
  var wire: CatalogFileReference {
    CatalogFileReference(
      name: name, mediaType: mediaType, sizeBytes: sizeBytes, sha256: sha256,
      width: Int32(clamping: width), height: Int32(clamping: height))
  }
}

extension SeenUseCase {
  /// The use case as this caller may see it.
  var wire: CatalogUseCase {
    let showsPrivate = standing.seesPrivateFields
    var wire = CatalogUseCase()
    wire.id = record.id
    wire.tenant = record.tenant
    wire.state = record.state.wire
    wire.content = record.content.wire(showsBudget: showsPrivate)
    wire.cover = record.files[.cover]?.wire
    wire.notebook = record.files[.notebook]?.wire
    wire.etag = record.etag
    wire.createTime = Google_Protobuf_Timestamp(unixMilliseconds: record.createTime)
    wire.updateTime = Google_Protobuf_Timestamp(unixMilliseconds: record.updateTime)
    wire.publishTime = record.publishTime.map(Google_Protobuf_Timestamp.init(unixMilliseconds:))
    wire.inviteCount = showsPrivate ? Int32(clamping: record.inviteCount) : 0
    wire.participantCount = Int32(clamping: record.participantCount)
    return wire
  }
}
