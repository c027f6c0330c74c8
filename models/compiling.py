"""How numba compiles a physics function: in full for Python, and as a draft for other compiled functions.

Left to itself numba makes of every function machine code, a way in from Python (which unpacks a hundred fields) and
fully optimised intermediate code, and optimises the copies of it in every caller again. Of some two hundred functions
Python calls thirty. A function that compiled code calls is therefore kept as a *draft*: typed, lowered and tidied, no
more. What Python calls is compiled in full, with the drafts of all that it calls in it. That differs in the order of
the optimiser's passes alone, none of which changes a floating-point operation.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from numba.core import compiler, sigutils, typing
from numba.core.caching import CompileResultCacheImpl, FunctionCache, NullCache
from numba.core.codegen import JITCodeLibrary
from numba.core.registry import CPUDispatcher


class Draft(JITCodeLibrary):  # type: ignore[misc]
    """Code that is only linked into that of others: no machine code, and no optimisation beyond inlining."""

    def _optimize_final_module(self) -> None:
        passes, builder = self._codegen._module_pass_manager(
            loop_vectorize=False, slp_vectorize=False, opt=0, cost="cheap"
        )
        passes.run(self._final_module, builder)
        tidy = llvm.create_new_module_pass_manager()
        tidy.add_sroa_pass()
        tidy.add_instruction_combine_pass()
        tidy.add_simplify_cfg_pass()
        tidy.add_dead_store_elimination_pass()
        tidy.add_aggressive_dce_pass()
        tidy.add_simplify_cfg_pass()
        tidy.add_global_dead_code_eliminate_pass()
        tidy.run(self._final_module, builder)

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._verify_declare_only_symbols()
        self._finalized = True

    def _get_compiled_object(self) -> bytes:
        return b""

    @classmethod
    def restored(cls, codegen: Any, name: str, bitcode: bytes) -> Draft:
        """Return a draft from its bitcode."""
        self = cls(codegen, name)
        self._shared_module = llvm.parse_bitcode(bitcode)
        self._finalized = True
        return self


class _DraftPipeline(compiler.Compiler):  # type: ignore[misc]
    """numba's pipeline, ending in a draft, which nobody will run."""

    def __init__(
        self, typingctx: Any, targetctx: Any, library: Any, args: Any, return_type: Any, flags: Any, locals: Any
    ) -> None:
        flags.no_compile = True
        flags.no_cpython_wrapper = True
        super().__init__(typingctx, targetctx, library, args, return_type, flags, locals)
        self.state.library = Draft(targetctx.codegen(), "draft")


class _DraftFiles(CompileResultCacheImpl):  # type: ignore[misc]
    """Names and content of the files that hold drafts, beside those of what is compiled in full."""

    def get_filename_base(self, fullname: str, abiflags: str) -> str:
        return "draft-" + str(super().get_filename_base(fullname, abiflags))

    def rebuild(self, target_context: Any, payload: Any) -> Any:
        (name, _, (_, bitcode)), fndesc, env, signature, objectmode, lifted, typeann, reload_init, envs = payload
        return compiler.CompileResult(
            target_context=target_context, typing_context=target_context.typing_context,
            library=Draft.restored(target_context.codegen(), name, bitcode), environment=env, entry_point=None,
            fndesc=fndesc, type_annotation=typeann, signature=signature, objectmode=objectmode, lifted=lifted,
            typing_error=None, call_helper=None, metadata=None, reload_init=reload_init, referenced_envs=envs,
        )


class _DraftCache(FunctionCache):  # type: ignore[misc]
    """numba's cache on disk for drafts."""

    _impl_class = _DraftFiles


class Physics(CPUDispatcher):  # type: ignore[misc]
    """A compiled function: numba's own when Python calls it, a draft when compiled code does."""

    def __init__(self, py_func: Any, targetoptions: dict[str, Any]) -> None:
        super().__init__(py_func, targetoptions={"nopython": True, "boundscheck": None, **targetoptions})
        self._drafts: dict[Any, Any] = {}
        self._draft_cache: Any = NullCache()
        self._draft_compiler = type(self._compiler)(
            py_func, self.targetdescr, self.targetoptions, self.locals, _DraftPipeline
        )

    def enable_caching(self) -> None:
        """Keep both kinds of code on disk."""
        super().enable_caching()
        self._draft_cache = _DraftCache(self.py_func)

    def compile(self, sig: Any) -> Any:
        """Compile in full, for Python."""
        entry = super().compile(sig)
        args, _ = sigutils.normalize_signature(sig)
        result = self.overloads[tuple(args)]
        # Drafts have no place of their own in memory, so whoever takes them in finds their environments here.
        for env in result._find_referenced_environments():
            result.library.codegen.set_env(env.env_name, env)
        return entry

    def get_call_template(self, args: Any, kws: Any) -> Any:
        """Return what compiled code calls: the draft."""
        signature, args = self._compiler.fold_argument_types(args, kws)
        self._draft(tuple(args))
        name = self.py_func.__name__
        template = typing.make_concrete_template(
            f"CallTemplate({name})", key=name, signatures=[draft.signature for draft in self._drafts.values()]
        )
        return template, signature, args, {}

    def get_overload(self, sig: Any) -> Any:
        """Return what stands for the draft in numba's tables."""
        args, _ = sigutils.normalize_signature(sig)
        return self._draft(tuple(args)).entry_point

    def _draft(self, args: tuple[Any, ...]) -> Any:
        found = self._drafts.get(args)
        if found is None:
            found = self._draft_cache.load_overload(args, self.targetctx)
            if found is None:
                found = self._draft_compiler.compile(args, None)
                self._draft_cache.save_overload(args, found)
            found = found._replace(entry_point=object())
            self.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
            self._drafts[args] = found
        return found
