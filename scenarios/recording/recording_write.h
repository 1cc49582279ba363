#pragma once

// How each part of a recording is written; scenarios/recording/recording_read.cc is its mirror.
// Members that hold their type's empty value are left out and read back as such. Instants are drill
// time.

#include <span>
#include <string>

#include "scenarios/recording/recording.h"

namespace faultline {

// Lines, with their end. Those of events are written by proxy/event_line.h.
void append_request(std::string& out, const Request& request);
void append_sink(std::string& out, const SinkReading& reading);

// Whole documents.
std::string run_document(const Recording& recording);  // all but what the other files hold
std::string faults_document(std::span<const FaultRecord> faults);

// The same event with its instants counted from `zero`.
Event since(Instant zero, Event event);
Touched since(Instant zero, Touched touched);

}  // namespace faultline
