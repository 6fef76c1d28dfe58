// What any content must keep to, even a draft's: sizes and ranges, not completeness.

extension UseCaseContent {
  /// Every field that is beyond a limit or malformed; empty if the content may be saved.
  public var faults: [FieldFault] {
    var faults: [FieldFault] = []
    if let fault = TextRules.fault(
      inLine: title, maximumCharacters: CatalogLimits.maximumTitleCharacters)
    {
      faults.append(FieldFault("title", fault))
    }
    if description.utf8.count > CatalogLimits.maximumDescriptionBytes {
      faults.append(
        FieldFault(
          "description",
          "\(description.utf8.count) bytes; at most "
            + "\(CatalogLimits.maximumDescriptionBytes) are allowed"))
    }
    if description.unicodeScalars.contains(where: TextRules.isForbiddenInText) {
      faults.append(FieldFault("description", "has control characters; only text is allowed"))
    }
    faults += metric?.faults ?? []
    faults += budget?.faults ?? []
    faults += limits.faults
    faults += timeFaults
    return faults
  }

  private var timeFaults: [FieldFault] {
    [("start_time", startTime), ("end_time", endTime)].compactMap { field, time in
      guard let time, !(0...CatalogLimits.maximumTime).contains(time) else { return nil }
      return FieldFault(field, "must be between the years 1970 and 9999")
    }
  }
}

extension MetricChoice {
  var faults: [FieldFault] {
    guard parameters.count <= CatalogLimits.maximumMetricParameters else {
      return [
        FieldFault(
          "metric.parameters",
          "\(parameters.count) parameters; at most "
            + "\(CatalogLimits.maximumMetricParameters) are allowed")
      ]
    }
    let texts = [metric] + parameters.keys + parameters.values
    guard texts.allSatisfy({ $0.utf8.count <= CatalogLimits.maximumMetricTextBytes }) else {
      return [
        FieldFault(
          "metric", "a text is longer than \(CatalogLimits.maximumMetricTextBytes) bytes")
      ]
    }
    return []
  }
}

extension ComputeBudget {
  var faults: [FieldFault] {
    var faults: [FieldFault] = []
    if !(1...CatalogLimits.maximumParticipants).contains(participants) {
      faults.append(
        FieldFault(
          "budget.participants",
          "\(participants); expected 1 to \(CatalogLimits.maximumParticipants)"))
    }
    if !(1...CatalogLimits.maximumGFLOPEach).contains(gflopEach) {
      faults.append(
        FieldFault(
          "budget.gflop_each",
          "\(gflopEach) GFLOP; expected 1 to \(CatalogLimits.maximumGFLOPEach)"))
    }
    return faults
  }
}

extension SubmissionLimits {
  var faults: [FieldFault] {
    [
      ("limits.per_day", perDay, CatalogLimits.maximumSubmissionsPerDay),
      ("limits.total", total, CatalogLimits.maximumSubmissionsTotal),
      ("limits.concurrent", concurrent, CatalogLimits.maximumSubmissionsAtOnce),
    ].compactMap { field, value, maximum in
      (0...maximum).contains(value)
        ? nil : FieldFault(field, "\(value); expected 0 to \(maximum)")
    }
  }
}

/// What texts from outside must keep to.
public enum TextRules {
  /// What is wrong with a text of one line; nil if nothing is. An empty text passes.
  public static func fault(inLine text: String, maximumCharacters: Int) -> String? {
    let scalars = text.unicodeScalars
    // Bytes are looked at first, so that a huge text costs nothing.
    if text.utf8.count > maximumCharacters * 4 || scalars.count > maximumCharacters {
      return "longer than \(maximumCharacters) characters"
    }
    if scalars.contains(where: { isForbiddenInText($0) || "\n\r\t".unicodeScalars.contains($0) }) {
      return "has line breaks or control characters; one line of text is allowed"
    }
    return nil
  }

  /// Control characters other than tab and line feed, and the carriage return of CRLF.
  static func isForbiddenInText(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x09, 0x0A, 0x0D: false
    case 0..<0x20, 0x7F..<0xA0: true
    default: false
    }
  }

  /// The text without white space at its ends.
  public static func trimmed(_ text: String) -> String {
    guard let first = text.firstIndex(where: { !$0.isWhitespace }),
      let last = text.lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(text[first...last])
  }
}
