// The door to Boost.JSON's implementation, which comes as a header: compiled here, once.
#include <boost/json/src.hpp>
