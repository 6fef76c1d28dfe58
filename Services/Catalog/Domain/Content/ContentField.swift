/// The fields of the content by their names in the schema: what an update mask may name.
public enum ContentField: String, Hashable, Sendable, CaseIterable {
  case title, task, privacy
  case trainMetadataset = "train_metadataset_id"
  case testMetadataset = "test_metadataset_id"
  case metric, description, budget
  case startTime = "start_time"
  case endTime = "end_time"
  case limits

  /// Parses an update mask. Throws `invalid` naming every entry that is no field.
  public static func parse(mask: [String]) throws(CatalogError) -> Set<ContentField> {
    let unknown = Set(mask.filter { ContentField(rawValue: $0) == nil }).sorted()
    guard unknown.isEmpty else {
      let known = allCases.map(\.rawValue).joined(separator: ", ")
      throw .invalid(
        unknown.prefix(allCases.count).map {
          FieldFault("update_mask", "\"\($0.prefix(60))\" is no field; the fields are \(known)")
        })
    }
    return Set(mask.compactMap(ContentField.init(rawValue:)))
  }
}

extension UseCaseContent {
  /// The fields that have a value.
  public var setFields: Set<ContentField> {
    let empty = UseCaseContent()
    return changedFields(from: empty)
  }

  /// The fields whose values differ from those of `other`.
  public func changedFields(from other: UseCaseContent) -> Set<ContentField> {
    Set(ContentField.allCases.filter { text(of: $0) != other.text(of: $0) })
  }

  /// This content with `fields` taken from `other`.
  public func taking(_ fields: Set<ContentField>, from other: UseCaseContent) -> UseCaseContent {
    var result = self
    for field in fields { result.take(field, from: other) }
    return result
  }

  private mutating func take(_ field: ContentField, from other: UseCaseContent) {
    switch field {
    case .title: title = other.title
    case .task: task = other.task
    case .privacy: privacy = other.privacy
    case .trainMetadataset: trainMetadatasetID = other.trainMetadatasetID
    case .testMetadataset: testMetadatasetID = other.testMetadatasetID
    case .metric: metric = other.metric
    case .description: description = other.description
    case .budget: budget = other.budget
    case .startTime: startTime = other.startTime
    case .endTime: endTime = other.endTime
    case .limits: limits = other.limits
    }
  }

  /// A field's value as text, unambiguous within the field; empty if it has none.
  func text(of field: ContentField) -> String {
    switch field {
    case .title: title
    case .task: task?.rawValue ?? ""
    case .privacy: privacy?.rawValue ?? ""
    case .trainMetadataset: trainMetadatasetID
    case .testMetadataset: testMetadatasetID
    case .metric: metric.map(\.text) ?? ""
    case .description: description
    case .budget: budget.map { "\($0.participants) × \($0.gflopEach) GFLOP" } ?? ""
    case .startTime: startTime.map(Self.text) ?? ""
    case .endTime: endTime.map(Self.text) ?? ""
    case .limits:
      limits == SubmissionLimits()
        ? "" : "\(limits.perDay) a day, \(limits.total) in all, \(limits.concurrent) at once"
    }
  }

  /// To the millisecond, so that any change shows.
  private static func text(_ time: Int64) -> String {
    let rest = time % 1_000
    return UTCTime(time).description + (rest == 0 ? "" : " +\(rest) ms")
  }

  /// What changed, in one line for the audit trail. A description tells its size only.
  public func summary(of fields: Set<ContentField>, since old: UseCaseContent) -> String {
    ContentField.allCases.filter(fields.contains).map { field in
      guard field != .description else {
        return "description: \(old.description.utf8.count) → \(description.utf8.count) bytes"
      }
      let before = old.text(of: field)
      let now = text(of: field)
      return "\(field.rawValue): \(before.isEmpty ? "none" : before) → "
        + (now.isEmpty ? "none" : now)
    }.joined(separator: "; ")
  }
}

extension MetricChoice {
  /// The metric with its parameters by name; quoted, so that different choices differ.
  var text: String {
    guard !parameters.isEmpty else { return metric }
    let list = parameters.sorted { $0.key < $1.key }.map { name, value in
      "\(name.debugDescription): \(value.debugDescription)"
    }
    return "\(metric) (\(list.joined(separator: ", ")))"
  }
}
