#pragma once

// xray.json of a run folder: what the X-ray of a drill found, with numbers as exact as they were.

#include <filesystem>
#include <string>

#include "faults/result.h"
#include "scenarios/recording/recording.h"

namespace faultline {

std::string xray_document(const XrayRecord& record);
Result<XrayRecord> read_xray_record(const std::filesystem::path& file);

}  // namespace faultline
