// Upstream's server core without threads.
//
// Owns the bodies of upstream's task queue, its list of results and its readers (server-queue.h): upstream's own wait in
// threads for each other, these do one step when asked. Also what upstream's list of files leaves open in a browser:
// logging to standard error, and the parts of `common` that would fetch files or start programs.

#include "host.h"

#include "server-common.h"
#include "server-context.h"
#include "server-queue.h"

#include "common.h"
#include "download.h"
#include "fit.h"
#include "log.h"
#include "subproc.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <stdexcept>

// The queue of tasks.

int server_queue::get_new_id() {
    return id++;
}

int server_queue::post(server_task && task, bool front) {
    if (task.type == SERVER_TASK_TYPE_CANCEL) {
        cleanup_pending_task(task.id_target);
    }
    const int task_id = task.id;
    if (front) {
        queue_tasks.push_front(std::move(task));
    } else {
        queue_tasks.push_back(std::move(task));
    }
    return task_id;
}

int server_queue::post(std::vector<server_task> && tasks, bool front) {
    for (auto & task : tasks) {
        if (task.id == -1) {
            task.id = get_new_id();
        }
        post(std::move(task), front);
    }
    return 0;
}

void server_queue::defer(server_task && task) {
    queue_tasks_deferred.push_back(std::move(task));
}

void server_queue::pop_deferred_task(int id_slot) {
    if (queue_tasks_deferred.empty()) {
        return;
    }
    auto wanted = std::find_if(queue_tasks_deferred.begin(), queue_tasks_deferred.end(),
                               [&](const server_task & task) { return task.id_slot == id_slot; });
    if (wanted == queue_tasks_deferred.end()) {
        wanted = queue_tasks_deferred.begin();
    }
    queue_tasks.push_front(std::move(*wanted));
    queue_tasks_deferred.erase(wanted);
}

void server_queue::cleanup_pending_task(int id_target) {
    const auto is_target = [&](const server_task & task) { return task.id == id_target; };
    for (auto * tasks : { &queue_tasks, &queue_tasks_deferred }) {
        tasks->erase(std::remove_if(tasks->begin(), tasks->end(), is_target), tasks->end());
    }
}

// One step: takes up what was posted, and lets the model compute one batch.
void server_queue::start_loop(int64_t) {
    while (!queue_tasks.empty()) {
        server_task task = std::move(queue_tasks.front());
        queue_tasks.pop_front();
        callback_new_task(std::move(task), false);
    }
    callback_update_slots();
}

// Every computation of the server passes here, so this is where an interruption becomes an error that ends the request.
void server_queue::yield_to_queue(std::function<void()> && work) {
    cloche::was_interrupted();  // An earlier request may have ended with an error before it was asked.
    work();
    if (cloche::was_interrupted()) {
        throw std::runtime_error(cloche::STOPPED);
    }
}

void server_queue::wait_until_no_sleep() {}
void server_queue::worker_stop() {}

void server_queue::terminate() {
    running = false;
}

// The list of results.

void server_response::send(server_task_result_ptr && result) {
    queue_results.push_back(std::move(result));
}

void server_response::add_waiting_task_id(int) {}
void server_response::add_waiting_task_ids(const std::unordered_set<int> &) {}

void server_response::remove_waiting_task_ids(const std::unordered_set<int> & id_tasks) {
    queue_results.erase(std::remove_if(queue_results.begin(), queue_results.end(),
                                       [&](const server_task_result_ptr & result) { return id_tasks.count(result->id); }),
                        queue_results.end());
}

server_task_result_ptr server_response::recv(const std::unordered_set<int> & id_tasks) {
    const auto mine = std::find_if(queue_results.begin(), queue_results.end(),
                                   [&](const server_task_result_ptr & result) { return id_tasks.count(result->id); });
    if (mine == queue_results.end()) {
        return nullptr;
    }
    server_task_result_ptr result = std::move(*mine);
    queue_results.erase(mine);
    return result;
}

// Whoever waits for results of a request.

void server_response_reader::post_task(server_task && task, bool front) {
    std::vector<server_task> tasks;
    tasks.push_back(std::move(task));
    post_tasks(std::move(tasks), front);
}

void server_response_reader::post_tasks(std::vector<server_task> && tasks, bool front) {
    id_tasks     = server_task::get_list_id(tasks);
    size_t index = 0;
    for (auto & task : tasks) {
        task.index = index++;
        states.push_back(task.create_state());
        for (auto & child : task.child_tasks) {
            child.index = index++;
            states.push_back(child.create_state());
        }
    }
    queue_tasks.post(std::move(tasks), front);
}

bool server_response_reader::has_next() const {
    return !cancelled && received_count < id_tasks.size();
}

server_task_result_ptr server_response_reader::next(const std::function<bool()> &) {
    server_task_result_ptr result = queue_results.recv(id_tasks);
    if (!result) {
        return nullptr;
    }
    if (result->index < states.size()) {
        result->update(states[result->index]);
    }
    if (result->is_error()) {
        stop();
    } else if (result->is_stop()) {
        received_count++;
    }
    return result;
}

void server_response_reader::stop() {
    queue_results.remove_waiting_task_ids(id_tasks);
    if (!has_next()) {
        return;
    }
    cancelled = true;
    for (const int id_task : id_tasks) {
        server_task task(SERVER_TASK_TYPE_CANCEL);
        task.id        = queue_tasks.get_new_id();
        task.id_target = id_task;
        queue_tasks.post(std::move(task), true);
    }
}

// Logging: one line a message, the level first.

struct common_log {};

common_log * common_log_main() {
    static common_log log;
    return &log;
}

int common_log_get_verbosity_thold() {
    return LOG_LEVEL_INFO;
}

int common_log_get_verbosity(enum ggml_log_level level) {
    return level == GGML_LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO;
}

bool common_log_get_jsonl() {
    return false;
}

void common_log_set_verbosity_thold(int) {}
void common_log_flush(common_log *) {}
void common_log_pause(common_log *) {}
void common_log_resume(common_log *) {}
void common_log_add_json(common_log *, const char *, const common_json &) {}

void common_log_add(common_log *, enum ggml_log_level level, const char * format, ...) {
    char    text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    cloche::log(level, text);
}

void common_log_default_callback(enum ggml_log_level level, const char * text, void *) {
    cloche::log(level, text);
}

// What a browser has no use for.

common_params_fit_status common_fit_params(const char *, llama_model_params *, llama_context_params *, float *,
                                           llama_model_tensor_buft_override *, size_t *, uint32_t,
                                           const common_fit_extra_model *, ggml_log_level) {
    return COMMON_PARAMS_FIT_STATUS_FAILURE;
}

common_device_memory_data_vec common_get_device_memory_data(const char *, const llama_model_params *,
                                                            const llama_context_params *,
                                                            std::vector<ggml_backend_dev_t> &, uint32_t &, uint32_t &,
                                                            uint32_t &, ggml_log_level) {
    throw std::runtime_error("there is no memory to measure here");
}

void common_memory_breakdown_print(const llama_context *) {}

std::pair<long, std::vector<char>> common_remote_get_content(const std::string &, const common_remote_params &) {
    throw std::runtime_error("the engine reaches no network");
}

const char * llama_build_info() {
    return CLOCHE_LLAMA_VERSION;
}

int llama_build_number() {
    return 0;
}

const char * llama_commit() {
    return CLOCHE_LLAMA_VERSION;
}
