// Boost.JSON, compiled into exactly this file; everybody else includes <boost/json.hpp>.
#include <boost/json/src.hpp>
