"""The modules `uwsgi` and `uwsgidecorators`, for applications that were written for uWSGI.

They exist only where the settings came from options of uWSGI: applications find out by importing whether they run under it.
Names, arguments and types are those of uWSGI 2.0; its functions that need a process or a store of their own are there,
and raise NotImplementedError when they are called.
"""

MISSING = """
accepting add_cron add_file_monitor add_ms_timer add_probe add_rb_timer add_timer add_var alarm async_connect async_sleep
cache_dec cache_div cache_inc cache_mul cache_num call chunked_read chunked_read_nb cl close connect connection_fd cron
disconnect embedded_data extract farm_get_msg farm_msg get_logvar green_schedule i_am_the_lord install_mule_msg_hook
listen_queue lord_scroll metric_dec metric_div metric_get metric_inc metric_mul metric_set metric_set_max metric_set_min
mule_get_msg mule_msg offload parsefile queue_get queue_last queue_pop queue_pull queue_push queue_set queue_size queue_slot
recv register_rpc register_signal route rpc rpc_list scrolls send send_multi_message send_to_spooler sendfile set_logvar
set_spooler_frequency set_user_harakiri sharedarea_dec8 sharedarea_inc8 sharedarea_memoryview sharedarea_object
sharedarea_read sharedarea_read8 sharedarea_rlock sharedarea_unlock sharedarea_update sharedarea_wait sharedarea_wlock
sharedarea_write sharedarea_write8 signal signal_received signal_registered signal_wait snmp_decr_counter32
snmp_incr_counter32 snmp_set_community snmp_set_counter32 snmp_set_gauge32 spool spooler_get_task spooler_jobs spooler_pid
start_response stop suspend wait_fd_read wait_fd_write websocket_handshake websocket_recv websocket_recv_nb websocket_send
websocket_send_binary
""".split()
MISSING_DECORATORS = """
cron erlang file_mon filemon harakiri lock mule mule_brain mule_msg_dispatcher mulefunc mulemsg rbtimer rpc signal spool
spoolforever spoolraw timer
""".split()


def missing(module, name):
    def call(*_args, **_keywords):
        raise NotImplementedError("%s.%s is not available under certkit serve" % (module, name))

    call.__name__ = name
    return call


def as_bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


class Store:
    """The cache of this process: key -> (value, when it expires or None)."""

    def __init__(self):
        self.items = {}

    def get(self, key, _cache=None):
        item = self.items.get(as_bytes(key))
        if item is None:
            return None
        value, expires = item
        if expires is not None and expires <= now():
            self.delete(key)
            return None
        return value

    def update(self, key, value, expires=0, _cache=None):
        self.items[as_bytes(key)] = (as_bytes(value), now() + expires if expires else None)
        return True

    def set(self, key, value, expires=0, _cache=None):
        """Only if it is not there."""
        return self.update(key, value, expires) if self.get(key) is None else None

    def delete(self, key, _cache=None):
        return None if self.items.pop(as_bytes(key), None) is None else True

    def exists(self, key, _cache=None):
        return None if self.get(key) is None else True

    def clear(self, _cache=None):
        self.items.clear()
        return True

    def keys(self, _cache=None):
        return [key for key in list(self.items) if self.get(key) is not None]


class SharedLocks:
    """Locks that all workers of a generation share: bytes of a file that all have (fcntl(2)), and, because that only
    keeps out other processes, a lock for the threads of this one."""

    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.own = {}

    def lock(self, number=0):
        import fcntl

        self.own.setdefault(number, allocate_lock()).acquire()
        fcntl.lockf(self.descriptor, fcntl.LOCK_EX, 1, number)

    def unlock(self, number=0):
        import fcntl

        fcntl.lockf(self.descriptor, fcntl.LOCK_UN, 1, number)
        self.own[number].release()

    def is_locked(self, number=0):
        import fcntl

        # Locks of files belong to the process: another thread must not get this one meanwhile.
        own = self.own.setdefault(number, allocate_lock())
        if not own.acquire(False):
            return True
        try:
            fcntl.lockf(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, number)
            fcntl.lockf(self.descriptor, fcntl.LOCK_UN, 1, number)
            return False
        except OSError:
            return True
        finally:
            own.release()


def option_values(options):
    """`uwsgi.opt`: bytes, True without a value, a list of those that were given several times."""
    values = {}
    for name, value in options:
        name, value = name.decode("utf-8", "replace"), value or True
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values


def install_uwsgi(options, number, workers, ask, descriptor):
    """Makes both modules; gives what runs the hooks of `postfork`."""
    started = int(now())
    store, locks = Store(), SharedLocks(descriptor)
    module = type(sys)("uwsgi", "The Python API of uWSGI, as far as certkit serve has it.")

    def reload():
        ask("uwsgi.reload() was called")
        return True

    def log(message):
        sys.stderr.write(message if isinstance(message, str) else message.decode("utf-8", "replace"))
        sys.stderr.write("\n")
        return True

    def worker_list():
        # Of the others only their numbers are known here.
        return tuple(
            {"id": one + 1, "pid": os.getpid() if one == number else 0, "requests": 0, "exceptions": 0, "signals": 0,
             "status": b"busy" if one == number else b"idle", "rss": 0, "vsz": 0, "running_time": 0, "tx": 0, "avg_rt": 0,
             "last_spawn": started if one == number else 0, "respawn_count": 0, "apps": []}
            for one in range(max(workers, number + 1)))

    module.__dict__.update({name: missing("uwsgi", name) for name in MISSING})
    module.__dict__.update({
        "version": b"2.0.31", "version_info": (2, 0, 31, 0, b""), "hostname": os.uname().nodename.encode(),
        "opt": option_values(options), "numproc": workers, "started_on": started, "applications": {}, "env": {},
        "SPOOL_OK": -2, "SPOOL_RETRY": -1, "SPOOL_IGNORE": 0,
        "worker_id": lambda: number + 1, "masterpid": os.getppid, "workers": worker_list, "reload": reload, "log": log,
        "mule_id": lambda: 0, "in_farm": lambda *_: False, "i_am_the_spooler": lambda: False, "ready": lambda: True,
        "micros": lambda: int(now() * 1000000), "setprocname": lambda _name: None,
        "lock": locks.lock, "unlock": locks.unlock, "is_locked": locks.is_locked,
        "cache_get": store.get, "cache_set": store.set, "cache_update": store.update, "cache_del": store.delete,
        "cache_exists": store.exists, "cache_clear": store.clear, "cache_keys": store.keys,
    })
    sys.modules["uwsgi"] = module
    chain = []
    sys.modules["uwsgidecorators"] = uwsgi_decorators(chain, number)

    def run_hooks():
        hook = module.__dict__.get("post_fork_hook")
        for one in chain + ([hook] if callable(hook) else []):
            one()

    return run_hooks


def uwsgi_decorators(chain, number):
    module = type(sys)("uwsgidecorators", "The decorators of uWSGI, as far as certkit serve has them.")

    def postfork(function):
        if callable(function):
            chain.append(function)
            return function

        def of_one(worker):
            if function == number + 1:
                chain.append(worker)
            return worker

        return of_one

    def thread(function):
        def start(*args, **keywords):
            import threading

            one = threading.Thread(target=function, args=args, kwargs=keywords, daemon=True)
            one.start()
            return one

        return start

    module.__dict__.update({name: missing("uwsgidecorators", name) for name in MISSING_DECORATORS})
    module.postfork, module.thread, module.postfork_chain = postfork, thread, chain
    return module


def with_env(application):
    """The application, with `uwsgi.env` as it is there."""
    module = sys.modules["uwsgi"]

    def call(environ, start_response):
        module.env = environ
        return application(environ, start_response)

    return call
