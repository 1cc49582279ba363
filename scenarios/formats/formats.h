#pragma once

// Every report format by its constant; each is defined in its own file.

#include "scenarios/report/report.h"

namespace faultline::formats {

extern const ReportFormat terminal;
extern const ReportFormat json;
extern const ReportFormat markdown;
extern const ReportFormat junit;

}  // namespace faultline::formats
