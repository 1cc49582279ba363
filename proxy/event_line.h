#pragma once

// An event of the journal as one line of JSON: in the files of a recording, and in the stream of a
// serving faultline's journal. Members that hold their type's empty value are left out and read
// back as such. Instants are nanoseconds of whatever clock they were counted by.

#include <string>

#include "proxy/journal.h"

namespace faultline {

void append_event(std::string& out, const Event& event);  // a line, with its end
void append_touched(std::string& out, const Touched& touched);

}  // namespace faultline
